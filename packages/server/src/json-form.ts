/** The JSON form of values: what JSON itself cannot say is an object with one key that begins with `$`.
 *
 *  | value | JSON |
 *  |---|---|
 *  | `bigint` | `{ "$bigint": "123" }` |
 *  | `NaN`, `Infinity`, `-Infinity`, `-0` | `{ "$number": "NaN" }` … `{ "$number": "-0" }` |
 *  | `undefined` in an array or a map | `{ "$undefined": true }`; a property that is `undefined` is left out |
 *  | `Date` | `{ "$date": "2026-01-31T00:00:00.000Z" }`; an invalid one `{ "$date": null }` |
 *  | `Map`, `Set` | `{ "$map": [[key, value], …] }`, `{ "$set": [value, …] }` |
 *  | typed arrays, `ArrayBuffer`, `DataView` | `{ "$bytes": "…base64…", "as": "Float64Array" }`, little-endian |
 *  | an object with a key that begins with `$` | `{ "$object": { … } }`, its keys taken as they are |
 *  | `Error` (results only) | `{ "$error": { "name", "message", "code"? } }` |
 *  | `RegExp` (results only) | `{ "$regexp": "/…/flags" }` |
 *
 *  Guarantees: decoding what was encoded gives an equal value, but for what is marked "results only"; a form that is not in
 *  the table, the key `__proto__` and nesting beyond {@link MOST_LEVELS} are refused with the path; nothing of a decoded
 *  value comes from a prototype of the sender's choosing. */
import { endianness } from "node:os";
import { SerializationError } from "manyhands";

/** Levels of nesting that are read or written: recursion deeper than this would use up the stack. */
export const MOST_LEVELS = 200;

const VIEWS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;

const FORMS: ReadonlySet<string> = new Set([
  "$bigint",
  "$number",
  "$undefined",
  "$date",
  "$map",
  "$set",
  "$bytes",
  "$object",
]);
const SPECIAL_NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

/** The JSON text of a value, in one line.
 *  @throws SerializationError (`ERR_SERIALIZATION`) with the path of what has no form: functions, symbols, circles. */
export function toJson(value: unknown, path = "result"): string {
  return JSON.stringify(encode(value, path));
}

/** The value as plain JSON data. @throws SerializationError as {@link toJson}. */
export function encode(value: unknown, path = "result"): unknown {
  return encodeInto(value, path, []);
}

function encodeInto(value: unknown, path: string, above: readonly object[]): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberText(value) };
    case "bigint":
      return { $bigint: value.toString() };
    case "undefined":
      return { $undefined: true };
    case "object":
      return value === null ? null : encodeObject(value, path, above);
    default:
      throw new SerializationError(path, `Cannot write ${path} as JSON: it is a ${typeof value}`);
  }
}

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function encodeObject(value: object, path: string, above: readonly object[]): unknown {
  if (above.includes(value)) {
    throw new SerializationError(path, `Cannot write ${path} as JSON: it contains itself`);
  }
  if (above.length >= MOST_LEVELS) {
    throw new SerializationError(path, `Cannot write ${path} as JSON: more than ${MOST_LEVELS} levels`);
  }
  const inside = [...above, value];
  if (Array.isArray(value)) {
    return Array.from(value, (item: unknown, index) => encodeInto(item, `${path}[${index}]`, inside));
  }
  return encodeKnown(value, path, inside) ?? encodePlain(value, path, inside);
}

/** Objects that have a form of their own. */
function encodeKnown(value: object, path: string, inside: readonly object[]): object | undefined {
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item], index) => [
      encodeInto(key, `${path} key ${index}`, inside),
      encodeInto(item, `${path} value ${index}`, inside),
    ]);
    return { $map: pairs };
  }
  if (value instanceof Set) {
    return { $set: [...value].map((item, index) => encodeInto(item, `${path} item ${index}`, inside)) };
  }
  if (value instanceof Error) return { $error: errorForm(value) };
  if (value instanceof RegExp) return { $regexp: String(value) };
  return bytesForm(value);
}

function bytesForm(value: object): object | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return { $bytes: base64(new Uint8Array(value), 1), as: "ArrayBuffer" };
  }
  if (!ArrayBuffer.isView(value)) return undefined;
  if (value instanceof DataView) return { $bytes: base64(value, 1), as: "DataView" };
  // A Buffer is a Uint8Array to everybody else.
  const name = value instanceof Uint8Array ? "Uint8Array" : (value.constructor.name as keyof typeof VIEWS);
  const clamped = value instanceof Uint8ClampedArray ? "Uint8ClampedArray" : name;
  const view = VIEWS[clamped];
  return view === undefined ? undefined : { $bytes: base64(value, view.BYTES_PER_ELEMENT), as: clamped };
}

function encodePlain(value: object, path: string, inside: readonly object[]): object {
  const form: Record<string, unknown> = {};
  let dollars = 0;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (key.startsWith("$")) dollars += 1;
    define(form, key, encodeInto(item, `${path}.${key}`, inside));
  }
  return dollars > 0 ? { $object: form } : form;
}

/** Assigning to `__proto__` would set the prototype. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Bytes in little-endian order, whatever the machine's. */
function base64(view: ArrayBufferView, width: number): string {
  return swapped(Buffer.from(view.buffer, view.byteOffset, view.byteLength), width).toString("base64");
}

function swapped(bytes: Buffer, width: number): Buffer {
  if (endianness() === "LE" || width === 1) return bytes;
  const copy = Buffer.from(bytes);
  if (width === 2) return copy.swap16();
  return width === 4 ? copy.swap32() : copy.swap64();
}

/** An error without its stack. */
export interface ErrorForm {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** What is told of an error, or of whatever else was thrown. */
export function errorForm(error: unknown): ErrorForm {
  if (!(error instanceof Error)) return { name: "Thrown", message: String(error) };
  const code: unknown = "code" in error ? error.code : undefined;
  const form = { name: error.name, message: error.message };
  return typeof code === "string" || typeof code === "number" ? { ...form, code } : form;
}

/** A JSON form that cannot be read, and where. */
export class JsonFormError extends SerializationError {
  constructor(path: string, what: string) {
    super(path, `${path}: ${what}`);
  }
}

/** The value that plain JSON data stands for. Takes the data over: arrays and objects become part of the value.
 *  @param path what the value is called in messages.
 *  @throws JsonFormError with the path of what cannot be read. */
export function decode(data: unknown, path: string): unknown {
  return decodeAt(data, path, 0);
}

function decodeAt(data: unknown, path: string, level: number): unknown {
  if (typeof data !== "object" || data === null) return data;
  if (level >= MOST_LEVELS) throw new JsonFormError(path, `more than ${MOST_LEVELS} levels`);
  if (Array.isArray(data)) {
    for (const [index, item] of data.entries()) {
      if (typeof item === "object") data[index] = decodeAt(item, `${path}[${index}]`, level + 1);
    }
    return data;
  }
  const form = Object.keys(data).find((key) => key.startsWith("$"));
  return form === undefined ? decodePlain(data, path, level) : decodeForm(form, data, path, level);
}

function decodePlain(data: object, path: string, level: number): object {
  for (const [key, item] of Object.entries(data)) {
    if (key === "__proto__") throw new JsonFormError(path, "the key __proto__ is not allowed");
    if (typeof item !== "object" || item === null) continue;
    Reflect.set(data, key, decodeAt(item, `${path}.${key}`, level + 1));
  }
  return data;
}

function decodeForm(form: string, data: object, path: string, level: number): unknown {
  const others = Object.keys(data).filter((key) => key !== form && !(form === "$bytes" && key === "as"));
  if (!FORMS.has(form) || others.length > 0) {
    const why = FORMS.has(form) ? `beside ${form} there is ${others[0]}` : `there is no form ${form}`;
    throw new JsonFormError(path, `${why}; an object whose own keys begin with $ is written { "$object": { … } }`);
  }
  const inner: unknown = Reflect.get(data, form);
  const wrong = (what: string): never => {
    throw new JsonFormError(`${path}.${form}`, what);
  };
  switch (form) {
    case "$bigint":
      return typeof inner === "string" && /^-?\d+$/.test(inner) ? BigInt(inner) : wrong("not the digits of a bigint");
    case "$number":
      return SPECIAL_NUMBERS.get(inner) ?? wrong('not "NaN", "Infinity", "-Infinity" or "-0"');
    case "$undefined":
      return inner === true ? undefined : wrong("not true");
    case "$date":
      return dateOf(inner) ?? wrong("not a date in ISO 8601");
    case "$bytes":
      return bytesOf(inner, Reflect.get(data, "as")) ?? wrong("not base64 of whole elements of what `as` names");
    case "$object":
      return isPlain(inner) ? decodePlain(inner, path, level + 1) : wrong("not an object");
    default:
      return decodeCollection(form, inner, path, level) ?? wrong("not an array, or not one of pairs");
  }
}

function decodeCollection(form: string, inner: unknown, path: string, level: number): unknown {
  if (!Array.isArray(inner)) return undefined;
  if (form === "$map" && !inner.every((pair) => Array.isArray(pair) && pair.length === 2)) return undefined;
  const items = decodeAt(inner, `${path}.${form}`, level + 1) as never[];
  return form === "$map" ? new Map(items) : new Set(items);
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function dateOf(text: unknown): Date | undefined {
  if (text === null) return new Date(Number.NaN);
  const date = typeof text === "string" && /^[+-]?\d{4,6}-\d\d-\d\dT/.test(text) ? new Date(text) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function bytesOf(text: unknown, as: unknown): ArrayBufferView | ArrayBuffer | undefined {
  if (typeof text !== "string" || typeof as !== "string" || !BASE64.test(text)) return undefined;
  const isView = Object.hasOwn(VIEWS, as);
  if (!isView && as !== "ArrayBuffer" && as !== "DataView") return undefined;
  const view = VIEWS[as as keyof typeof VIEWS];
  const width = isView ? view.BYTES_PER_ELEMENT : 1;
  const bytes = swapped(Buffer.from(text, "base64"), width);
  if (bytes.byteLength % width !== 0) return undefined;
  // A buffer of its own: Node's small Buffers share one, which would travel to the worker with whatever else is in it.
  const { buffer } = Uint8Array.from(bytes);
  if (isView) return new view(buffer);
  return as === "DataView" ? new DataView(buffer) : buffer;
}

/** Reads JSON text and decodes it.
 *  @throws JsonFormError when it is no JSON, or holds a form that cannot be read. */
export function fromJson(text: string, path: string): unknown {
  return decode(parseJson(text, path), path);
}

/** Reads JSON text. @throws JsonFormError when it is none. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new JsonFormError(path, error instanceof Error ? error.message : String(error));
  }
}
