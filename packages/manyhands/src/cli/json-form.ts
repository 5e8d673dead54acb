/** How results are written as JSON: every value JavaScript can hand over has one documented form.
 *
 *  | value | JSON |
 *  |---|---|
 *  | `undefined`, a hole in an array | `null` (a property that is `undefined` is left out) |
 *  | `BigInt` | its digits, as a string |
 *  | `NaN`, `Infinity` | `"NaN"`, `"Infinity"`, `"-Infinity"` |
 *  | `Map` | an object when every key is a string, else an array of pairs |
 *  | `Set` | an array |
 *  | `Date` | ISO 8601 |
 *  | `Error` | `{ "name", "message", "code"? }` |
 *  | `RegExp` | its source, `/…/flags` |
 *  | `ArrayBuffer`, `Uint8Array`, `Buffer`, `DataView` | base64 |
 *  | other typed arrays | an array of numbers |
 *
 *  Guarantees: never writes a line break; what has no form (functions, symbols, circles) is refused with its path. */
import { SerializationError } from "../mod.js";

/** The JSON text of a result, in one line. Throws {@link SerializationError} with the culprit's path. */
export function toJson(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case "undefined":
      return "null";
    case "object":
      return value === null ? "null" : objectToJson(value);
    default:
      return JSON.stringify(formOf(value, ""));
  }
}

function objectToJson(value: object): string {
  try {
    // A replacer sees the holder as `this`: a Buffer's toJSON has run by then, so the raw value is taken from there.
    return JSON.stringify(value, function (this: unknown, key: string, current: unknown): unknown {
      const raw = typeof this === "object" && this !== null ? Reflect.get(this, key) : current;
      return formOf(raw instanceof Uint8Array ? raw : current, key);
    });
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    throw new SerializationError("result", `Cannot write the result as JSON: ${firstLine(error)}`, { cause: error });
  }
}

function formOf(value: unknown, key: string): unknown {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "function":
    case "symbol":
      throw new SerializationError(
        key === "" ? "result" : `result…${key}`,
        `Cannot write the result as JSON: ${key === "" ? "it" : `"${key}"`} is a ${typeof value}`,
      );
    case "object":
      return value === null ? null : objectForm(value);
    default:
      return value;
  }
}

function objectForm(value: object): unknown {
  if (value instanceof Map) return mapForm(value);
  if (value instanceof Set) return [...value];
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return errorForm(value);
  if (value instanceof Uint8Array || value instanceof DataView) return base64(value);
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return base64(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>);
  return value;
}

function mapForm(map: Map<unknown, unknown>): unknown {
  const entries = [...map];
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : entries;
}

const base64 = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");

/** A failure as the output and the job log tell it. */
export interface ErrorForm {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

export function errorForm(error: unknown): ErrorForm {
  if (!(error instanceof Error)) return { name: "Thrown", message: thrownText(error) };
  const code: unknown = "code" in error ? error.code : undefined;
  const form = { name: error.name, message: error.message };
  return typeof code === "string" || typeof code === "number" ? { ...form, code } : form;
}

function thrownText(value: unknown): string {
  try {
    return typeof value === "string" ? value : toJson(value);
  } catch (error) {
    if (error instanceof SerializationError) return String(value);
    throw error;
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
