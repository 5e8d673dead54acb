/** How a failure travels: as plain data that structured clone, V8 serialisation and (for the most part) JSON can carry.
 *
 *  Guarantees: encoding and decoding never throw, whatever was thrown or received; class (built-in, ours, registered), name,
 *  message, stack, own enumerable properties, `cause` and `AggregateError.errors` arrive, cycles included; a part that cannot
 *  be copied arrives as its text; a thrown value that is no error arrives as an equal value. */
import { types } from "node:util";
import { RemoteError } from "../base/errors.js";
import { classById, classesOf, type ErrorClass } from "./error-classes.js";
import { copyExactly, copyPortably, describe, readProperty, setOwn } from "./portable.js";

/** An error, or anything else that was thrown, as plain data. */
export type WireError =
  | WireErrorObject
  /** Not an error, and copied whole. */
  | { readonly type: "value"; readonly value: unknown }
  /** Not an error, and not to be copied. */
  | { readonly type: "text"; readonly text: string }
  /** The error with this number, counted in the order in which they were met. */
  | { readonly type: "seen"; readonly index: number };

interface WireErrorObject {
  readonly type: "error";
  /** Known classes, the error's own first; the receiver takes the first that it knows too. */
  readonly classes: readonly string[];
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own enumerable properties but those that have a place of their own here. */
  readonly properties: readonly (readonly [key: string, value: WireError])[];
  /** Own properties that are not enumerable, and that the language gives a meaning: `cause`, `errors`, … */
  readonly hidden: readonly (readonly [key: string, value: WireError])[];
  /** Elements of an AggregateError. */
  readonly errors: readonly WireError[] | undefined;
  /** What the codec of the first class made of it. */
  readonly data: { readonly value: unknown } | undefined;
}

/** Errors within errors within errors: deeper ones are left out, with a note. */
const MAX_DEPTH = 16;
/** Errors in one failure, so that an AggregateError of a million does not stop the world. */
const MAX_ERRORS = 1000;

/** Makes plain data of whatever was thrown. Never throws. */
export function encodeError(reason: unknown): WireError {
  try {
    return new Encoder().encode(reason, 0);
  } catch (error) {
    // Out of stack or memory, at most: the failure must still arrive as one.
    return { type: "text", text: `An error that could not be encoded (${describe(error)})` };
  }
}

class Encoder {
  readonly #seen = new Map<object, number>();

  encode(reason: unknown, depth: number): WireError {
    if (!isError(reason)) return encodeValue(reason);
    const index = this.#seen.get(reason);
    if (index !== undefined) return { type: "seen", index };
    if (depth >= MAX_DEPTH || this.#seen.size >= MAX_ERRORS) {
      return { type: "text", text: `[left out: ${textOf(reason, "name")}: ${textOf(reason, "message")}]` };
    }
    this.#seen.set(reason, this.#seen.size);
    return this.#encodeError(reason, depth + 1);
  }

  #encodeError(error: object, depth: number): WireErrorObject {
    const classes = classesOf(error);
    const stack = readProperty(error, "stack");
    // In the order in which the decoder reads them: the numbers of "seen" depend on it.
    const properties = this.#encodeProperties(error, enumerableKeys(error), depth);
    const hidden = this.#encodeProperties(error, hiddenKeys(error), depth);
    const errors = this.#encodeErrors(error, depth);
    return {
      type: "error",
      classes: classes.map((known) => known.id),
      name: textOf(error, "name"),
      message: textOf(error, "message"),
      stack: typeof stack === "string" ? stack : undefined,
      properties,
      hidden,
      errors,
      data: encodeByCodec(error, classes[0]),
    };
  }

  #encodeProperties(error: object, keys: readonly string[], depth: number): readonly (readonly [string, WireError])[] {
    return keys.map((key) => [key, this.#encodePart(readProperty(error, key), depth)] as const);
  }

  // Inside an error, a value that cannot be copied whole is copied in part: better a hint than nothing.
  #encodePart(value: unknown, depth: number): WireError {
    return isError(value) ? this.encode(value, depth) : { type: "value", value: copyPortably(value) };
  }

  #encodeErrors(error: object, depth: number): readonly WireError[] | undefined {
    if (!(own(error, "errors") && !isEnumerable(error, "errors"))) return undefined;
    const errors = readProperty(error, "errors");
    if (!Array.isArray(errors)) return undefined;
    const encoded = errors.slice(0, MAX_ERRORS).map((inner) => this.#encodePart(inner, depth));
    const left = errors.length - encoded.length;
    return left === 0 ? encoded : [...encoded, { type: "text", text: `[left out: ${left} further errors]` }];
  }
}

function encodeValue(value: unknown): WireError {
  const whole = copyExactly(value);
  return whole.copied ? { type: "value", value: whole.value } : { type: "text", text: describe(value) };
}

function encodeByCodec(error: object, known: ErrorClass | undefined): { readonly value: unknown } | undefined {
  if (known?.codec === undefined) return undefined;
  try {
    return { value: copyPortably(known.codec.encode(error as Error)) };
  } catch {
    // The error goes without its codec, as one of an unknown class does.
    return undefined;
  }
}

function isError(value: unknown): value is object {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    // A proxy with hostile traps: not an error as far as anybody can tell.
    return false;
  }
}

/** Properties that have a place of their own in the data. */
const PLACED = new Set(["message", "stack"]);

function enumerableKeys(error: object): readonly string[] {
  try {
    return Object.keys(error).filter((key) => !PLACED.has(key));
  } catch {
    return [];
  }
}

function hiddenKeys(error: object): readonly string[] {
  return ["cause", "error", "suppressed", "code"].filter((key) => own(error, key) && !isEnumerable(error, key));
}

function own(error: object, key: string): boolean {
  try {
    return Object.hasOwn(error, key);
  } catch {
    return false;
  }
}

function isEnumerable(error: object, key: string): boolean {
  try {
    return Object.prototype.propertyIsEnumerable.call(error, key);
  } catch {
    return false;
  }
}

function textOf(error: object, key: string): string {
  const value = readProperty(error, key);
  return typeof value === "string" ? value : value === undefined ? "" : describe(value);
}

/** Rebuilds what was thrown. Never throws; what is no {@link WireError} becomes a RemoteError. */
export function decodeError(wire: WireError): unknown {
  try {
    return new Decoder().decode(wire, "thrown");
  } catch (error) {
    return new RemoteError(`The task failed with an error that could not be rebuilt (${describe(error)})`);
  }
}

class Decoder {
  readonly #errors: unknown[] = [];

  /** `thrown`: it stands for the whole failure; `part`: it is inside an error. */
  decode(wire: WireError, place: "thrown" | "part"): unknown {
    if (typeof wire !== "object" || wire === null) return malformed(wire);
    switch (wire.type) {
      case "value":
        return wire.value;
      case "text":
        return place === "part" ? wire.text : new RemoteError(String(wire.text));
      case "seen":
        return this.#errors[wire.index];
      case "error":
        return this.#decodeError(wire);
      default:
        return malformed(wire);
    }
  }

  #decodeError(wire: WireErrorObject): unknown {
    const message = text(wire.message);
    const error = rebuild(list(wire.classes), message, wire.data);
    // Before its parts, which may refer to it.
    this.#errors.push(error);
    if (text(Reflect.get(error, "message")) !== message) setOwn(error, "message", message, "hidden");
    this.#decodeProperties(error, wire.properties, "enumerable");
    this.#decodeProperties(error, wire.hidden, "hidden");
    if (Array.isArray(wire.errors))
      setOwn(
        error,
        "errors",
        wire.errors.map((inner) => this.decode(inner, "part")),
        "hidden",
      );
    if (Reflect.get(error, "name") !== wire.name) setOwn(error, "name", text(wire.name), "hidden");
    if (typeof wire.stack === "string") setOwn(error, "stack", wire.stack, "hidden");
    return error;
  }

  #decodeProperties(error: object, entries: unknown, visibility: "enumerable" | "hidden"): void {
    for (const entry of list(entries)) {
      const [key, value] = list(entry);
      if (typeof key === "string") setOwn(error, key, this.decode(value as WireError, "part"), visibility);
    }
  }
}

function rebuild(ids: readonly unknown[], message: string, data: { readonly value: unknown } | undefined): object {
  for (const [rank, id] of ids.entries()) {
    const known = classById(text(id));
    if (known === undefined) continue;
    return (rank === 0 ? rebuildByCodec(known, data) : undefined) ?? rebuildPlainly(known, message);
  }
  return ids.length === 0 ? new RemoteError(message) : new Error(message);
}

function rebuildByCodec(known: ErrorClass, data: { readonly value: unknown } | undefined): object | undefined {
  if (known.codec === undefined || typeof data !== "object") return undefined;
  try {
    const error: unknown = known.codec.decode(data.value);
    return error instanceof Error ? error : undefined;
  } catch {
    // A codec that fails must not cost its user the error: it is rebuilt without.
    return undefined;
  }
}

// A real error (it has what V8 prints as one), of that prototype, without running the constructor of the class.
function rebuildPlainly(known: ErrorClass, message: string): object {
  const error = new Error(message);
  if (known.prototype !== Error.prototype) Object.setPrototypeOf(error, known.prototype);
  return error;
}

function malformed(wire: unknown): RemoteError {
  return new RemoteError(`The task failed, but its error arrived damaged: ${describe(wire)}`);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : describe(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
