/** Checks of options that the library has none for. */
import { InvalidOptionError } from "manyhands";

/** Name of the queue and prefix of the keys, when nothing is said. */
export const DEFAULT_NAME = "manyhands";

/** A name that can stand in a key: BullMQ parts keys by colons. */
export function checkName(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "" && !value.includes(":"))) return;
  throw new InvalidOptionError(option, `${option} must be a text without colons, got ${JSON.stringify(value)}`);
}

/** A time that a timer can wait: neither none nor endless. */
export function checkMs(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 1 && value < 2 ** 31)) return;
  throw new InvalidOptionError(option, `${option} must be a time in ms from 1 to 2147483647, got ${String(value)}`);
}
