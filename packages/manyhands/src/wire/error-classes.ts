/** Which classes of errors survive the journey: the built-in ones, those of this library, and those registered.
 *
 *  Guarantees: an error is matched by its class, never by its `name`; a registered class cannot shadow a built-in one or one
 *  of ours, whatever it is called. */
import * as own from "../base/errors.js";
import * as ofQueues from "../base/queue-errors.js";

/** How an error of a registered class travels, when more than its own enumerable properties is needed. */
export interface ErrorCodec<E extends Error = Error> {
  /** Gives the data the error is rebuilt from; it must be clonable. */
  encode(error: E): unknown;
  /** Rebuilds the error from that data. */
  decode(data: unknown): E;
}

/** A class that is known on this side. */
export interface ErrorClass {
  /** Its name on the wire. */
  readonly id: string;
  readonly prototype: object;
  readonly codec: ErrorCodec | undefined;
}

type ErrorConstructor = abstract new (...args: never[]) => Error;

const byId = new Map<string, ErrorClass>();
const byPrototype = new Map<object, ErrorClass>();
let always: "not yet" | "known" = "not yet";

function remember(id: string, prototype: object, codec: ErrorCodec | undefined): void {
  const known: ErrorClass = { id, prototype, codec };
  // A module that was loaded again brings its classes again: errors of either are known, and the newest class is rebuilt.
  byId.set(id, known);
  byPrototype.set(prototype, known);
}

const BUILT_IN = [
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "ReferenceError",
  "EvalError",
  "URIError",
  "AggregateError",
  "SuppressedError",
];

/** Done when an error travels for the first time: most programs see none, and a program's start should not wait for it. */
function rememberAlways(): void {
  if (always === "known") return;
  always = "known";
  for (const name of BUILT_IN) {
    const builtIn: unknown = Reflect.get(globalThis, name);
    if (typeof builtIn === "function") remember(name, builtIn.prototype, undefined);
  }
  remember("DOMException", DOMException.prototype, {
    encode: ({ message, name }) => ({ message, name }),
    decode: (data) => {
      const { message, name } = Object(data);
      return new DOMException(String(message), String(name));
    },
  });
  rememberOwn([...Object.values(own), ...Object.values(ofQueues)]);
}

/** Makes errors of these classes of this library arrive as what they are. Called by rooms above for classes of theirs. */
export function rememberOwn(classes: readonly { readonly name: string; readonly prototype: object }[]): void {
  for (const { name, prototype } of classes) remember(`manyhands:${name}`, prototype, undefined);
}

/** Makes errors of this class arrive as instances of it.
 *
 *  Both sides must register it, so call this in the module that defines the class: a worker loads that module with the task
 *  that throws the error. Without a codec the error is rebuilt from its message, stack, cause and own enumerable properties,
 *  without running the constructor: any signature works, but private (`#`) fields are missing; give a codec for those.
 *
 *  @example
 *  ```ts
 *  export class HttpError extends Error { constructor(readonly status: number) { super(`HTTP ${status}`); } }
 *  registerError(HttpError);
 *  ``` */
export function registerError<E extends Error>(
  ctor: abstract new (...args: never[]) => E,
  codec?: ErrorCodec<E>,
): void {
  requireErrorClass(ctor);
  remember(`app:${ctor.name}`, ctor.prototype, codec as ErrorCodec | undefined);
}

function requireErrorClass(ctor: ErrorConstructor): void {
  if (typeof ctor !== "function" || !(ctor.prototype instanceof Error)) {
    throw new own.InvalidOptionError("ctor", "registerError() takes a class that extends Error");
  }
  if (ctor.name === "")
    throw new own.InvalidOptionError("ctor", "registerError() takes a class that has a name: it is known by that");
}

/** The known classes of this error, its own first; empty when it is no error, or hides what it is. */
export function classesOf(error: object): readonly ErrorClass[] {
  rememberAlways();
  const classes: ErrorClass[] = [];
  try {
    let prototype: object | null = Object.getPrototypeOf(error);
    // A chain cannot be a cycle, but that of a proxy can be endless.
    for (let depth = 0; prototype !== null && depth < 32; depth += 1) {
      const known = byPrototype.get(prototype);
      if (known !== undefined) classes.push(known);
      prototype = Object.getPrototypeOf(prototype);
    }
  } catch {
    return [];
  }
  return classes;
}

/** The class of that name on the wire, when it is known here. */
export function classById(id: string): ErrorClass | undefined {
  rememberAlways();
  return byId.get(id);
}
