/** Checks of options, which are refused where they are given. */
import { InvalidOptionError } from "manyhands";

/** Name of the queue and prefix of the keys, when nothing is said. */
export const DEFAULT_NAME = "manyhands";

export function checkNames(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptionError("options", `${what} takes an object of options`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new InvalidOptionError(name, `${what} has no option ${name}; it has ${known.join(", ")}`);
  }
}

/** A name that can stand in a key: BullMQ parts keys by colons. */
export function checkName(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "" && !value.includes(":"))) return;
  throw new InvalidOptionError(option, `${option} must be a text without colons, got ${JSON.stringify(value)}`);
}

export function checkBoolean(option: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new InvalidOptionError(option, `${option} must be true or false, got ${JSON.stringify(value)}`);
}

export function checkWhole(option: string, value: unknown): void {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 1)) return;
  throw new InvalidOptionError(option, `${option} must be a whole number of at least 1, got ${String(value)}`);
}

/** A time that a timer can wait. */
export function checkMs(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 1 && value < 2 ** 31)) return;
  throw new InvalidOptionError(option, `${option} must be a time in ms from 1 to 2147483647, got ${String(value)}`);
}
