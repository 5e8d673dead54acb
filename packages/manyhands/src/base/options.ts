/** Checks of options at the border: one clear error that names the option, before anything has happened. */
import { InvalidOptionError } from "./errors.js";

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
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
  throw new InvalidOptionError(option, `${option} must be a ${type}, got ${shown(value)}`);
}

/** An AbortSignal, of any realm; `undefined` passes. */
export function checkSignal(option: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value) return;
  throw new InvalidOptionError(option, `${option} must be an AbortSignal, got ${shown(value)}`);
}
