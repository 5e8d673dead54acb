/** Checks of options at the border: one clear error that names the option, before anything has happened. */
import { InvalidOptionError } from "./errors.js";

/** A value in a message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  // `String` makes a list's text of its members, which is none for an empty one.
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
}

/** Only these names: a mistyped option would otherwise be an option that is silently not there. And an object: of a number
 *  in its place every option would silently be not there. */
export function checkNames(what: string, options: object, known: readonly string[]): void {
  checkType("options", options ?? null, "object");
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = known.find((each) => isNear(each.toLowerCase(), name.toLowerCase()));
    const hint = near === undefined ? `it takes ${known.join(", ")}` : `did you mean ${near}?`;
    throw new InvalidOptionError(name, `${what} has no option ${name}: ${hint}`);
  }
}

/** Whether two words differ by at most two letters put in, left out or changed. */
function isNear(a: string, b: string): boolean {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[line - 1] === b[column - 1] ? 0 : 1;
      const [above = 0, left = 0, before = 0] = [row[column], next[column - 1], row[column - 1]];
      next.push(Math.min(above + 1, left + 1, before + same));
    }
    row = next;
  }
  return (row[b.length] ?? 0) <= 2;
}

/** A whole number of at least `least`; `undefined` passes. */
export function checkCount(option: string, value: unknown, least: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return;
  throw new InvalidOptionError(option, `${option} must be a whole number of at least ${least}, got ${shown(value)}`);
}

/** A duration in ms, 0 or more, `Infinity` included; `undefined` passes. */
export function checkDuration(option: string, value: unknown): void {
  checkAmount(option, value, "milliseconds");
}

/** A number of `unit`, 0 or more, `Infinity` included; `undefined` passes. */
export function checkAmount(option: string, value: unknown, unit: string): void {
  if (value === undefined || (typeof value === "number" && value >= 0)) return;
  throw new InvalidOptionError(option, `${option} must be a number of ${unit} of at least 0, got ${shown(value)}`);
}

/** Any number but NaN; `undefined` passes. */
export function checkNumber(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && !Number.isNaN(value))) return;
  throw new InvalidOptionError(option, `${option} must be a number, got ${shown(value)}`);
}

/** A value of the given `typeof`; `undefined` passes. */
export function checkType(option: string, value: unknown, type: "string" | "function" | "boolean" | "object"): void {
  if (value === undefined || (typeof value === type && value !== null)) return;
  throw new InvalidOptionError(
    option,
    `${option} must be ${type === "object" ? "an" : "a"} ${type}, got ${shown(value)}`,
  );
}

/** An AbortSignal, of any realm; `undefined` passes. */
export function checkSignal(option: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value) return;
  throw new InvalidOptionError(option, `${option} must be an AbortSignal, got ${shown(value)}`);
}

/** Something to go through. */
export function checkIterable(option: string, value: unknown): asserts value is Iterable<unknown> {
  if (typeof value === "string" || (typeof value === "object" && value !== null && Symbol.iterator in value)) return;
  throw new InvalidOptionError(option, `${option} must be iterable, got ${shown(value)}`);
}
