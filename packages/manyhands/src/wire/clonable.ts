/** What kind of object this is to the structured clone algorithm: the one place that knows what can travel by which route.
 *
 *  Guarantees: no property of the object is read here but `Symbol.toStringTag` and `Symbol.iterator`; a proxy's traps never run. */
import { types } from "node:util";
import { MessagePort } from "node:worker_threads";
import { isShareable, reasonToStay, SHAREABLE, type Shareable } from "../base/shareable.js";
import { ownerOf } from "./owners.js";

/** How values travel: to a thread by structured clone, to a process by V8 serialisation. */
export type Route = "thread" | "process";

/** What an object is made of. `shared` ones arrive as the same memory, `opaque` ones have no parts to look at; in the place
 *  of a `shareable` one a ticket travels. */
export type Shape =
  | "plain"
  | "instance"
  | "array"
  | "map"
  | "set"
  | "error"
  | "buffer"
  | "view"
  | "shared"
  | "shareable"
  | "opaque";

/** Why an object cannot travel, and what to do instead. */
export class Refusal {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

const FUNCTION = new Refusal("a function cannot travel as a value; export it and name it, or call it there");
const SYMBOL = new Refusal("a symbol is unique to its own thread; send its description");

/** Why a primitive or function cannot travel; `undefined` when it can. */
export function refusePrimitive(value: unknown): Refusal | undefined {
  if (typeof value === "function") return FUNCTION;
  return typeof value === "symbol" ? SYMBOL : undefined;
}

const EMPTIED = "would arrive as an empty object";
/** By `Object.prototype.toString` tag. Those of the second half clone without an error on Node 20, but arrive empty: newer
 *  versions refuse them, and so do we everywhere. */
const REFUSED_TAGS: ReadonlyMap<string, string> = new Map([
  ["Promise", "a promise cannot travel; await it first"],
  ["WeakMap", "a WeakMap cannot be copied; use a Map"],
  ["WeakSet", "a WeakSet cannot be copied; use a Set"],
  ["WeakRef", "a WeakRef cannot be copied; send what it refers to"],
  ["FinalizationRegistry", "a FinalizationRegistry cannot be copied"],
  ["Generator", "a generator cannot travel; collect it into an array"],
  ["AsyncGenerator", "an async generator cannot travel; collect it into an array"],
  ["Map Iterator", "an iterator cannot travel; collect it into an array"],
  ["Set Iterator", "an iterator cannot travel; collect it into an array"],
  ["Array Iterator", "an iterator cannot travel; collect it into an array"],
  ["String Iterator", "an iterator cannot travel; collect it into an array"],
  ["RegExp String Iterator", "an iterator cannot travel; collect it into an array"],
  ["Iterator Helper", "an iterator cannot travel; collect it into an array"],
  ["Module", "a module cannot travel; send its URL"],
  ["Symbol", "a symbol is unique to its own thread; send its description"],
  ["global", "the global object cannot travel"],
  ["WebAssembly.Instance", "a WebAssembly.Instance cannot travel; send its module"],
  ["URL", `a URL ${EMPTIED}; send its href`],
  ["URLSearchParams", `URLSearchParams ${EMPTIED}; send its text`],
  ["Headers", `Headers ${EMPTIED}; send its entries as an array`],
  ["Request", `a Request ${EMPTIED}; send its parts`],
  ["Response", `a Response ${EMPTIED}; send its body as text or an ArrayBuffer`],
  ["FormData", `FormData ${EMPTIED}; send its entries as an array`],
  ["AbortSignal", `an AbortSignal ${EMPTIED}; give it as the call's \`signal\` and read context().signal in the task`],
  ["AbortController", `an AbortController ${EMPTIED}; give its signal as the call's \`signal\``],
]);

const PROXY = new Refusal("a Proxy cannot be copied; send a plain copy of it");
const ARGUMENTS = new Refusal("an `arguments` object cannot be copied; send [...arguments]");
const NAMESPACE = new Refusal("a module cannot travel; send its URL");
const DETACHED = new Refusal("its buffer was transferred away, and is empty here");
const BOUND = new Refusal("it is shared by the threads of one process and cannot leave it");
const NOT_SHARED = new Refusal("shared memory ends at the border of the process; send a copy, or use a thread");
const MUST_MOVE = new Refusal("it can only be moved: mark it with transfer(), or name it in `transfer`");
const STAYS = new Refusal("it belongs to this process and cannot leave it; use a thread");

/** The symbols by which objects of Node itself (Blob, KeyObject, streams) say that they can be cloned or moved. */
interface Marks {
  readonly clone: symbol | undefined;
  readonly move: symbol | undefined;
}
let marks: Marks | undefined;

/** Found when they are first asked for: to touch the class of streams loads all of them, which takes 2 ms. */
function marksOfNode(): Marks {
  marks ??= { clone: symbolOf(Blob.prototype, "clone"), move: symbolOf(ReadableStream.prototype, "transfer") };
  return marks;
}

function symbolOf(prototype: object, verb: string): symbol | undefined {
  return Object.getOwnPropertySymbols(prototype).find((symbol) =>
    symbol.description?.endsWith(`messaging_${verb}_symbol`),
  );
}

/** The shape of `object` on this route, or why it cannot take it. */
export function shapeOf(object: object, route: Route): Shape | Refusal {
  // First of all: everything below would run a proxy's traps.
  if (types.isProxy(object)) return PROXY;
  if (Array.isArray(object)) return "array";
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype) {
    // The own Symbol.iterator of an `arguments` object betrays it; asking for that is cheaper than asking V8 each time.
    return Symbol.iterator in object && types.isArgumentsObject(object) ? ARGUMENTS : "plain";
  }
  if (prototype === null) return types.isModuleNamespaceObject(object) ? NAMESPACE : "plain";
  return shapeOfInstance(object, route);
}

function shapeOfInstance(object: object, route: Route): Shape | Refusal {
  if (types.isMap(object)) return "map";
  if (types.isSet(object)) return "set";
  if (ArrayBuffer.isView(object)) return shapeOfBuffer(object.buffer, route, "view");
  if (types.isAnyArrayBuffer(object)) return shapeOfBuffer(object, route, "buffer");
  if (types.isDate(object) || types.isRegExp(object)) return "opaque";
  if (types.isNativeError(object)) return "error";
  const tag = Object.prototype.toString.call(object).slice(8, -1);
  if (tag === "Object") return shapeOfForeign(object, route);
  const reason =
    REFUSED_TAGS.get(tag) ?? (tag.startsWith("Intl.") ? "it cannot be copied; send its options" : undefined);
  if (reason !== undefined) return new Refusal(reason);
  if (types.isBoxedPrimitive(object)) return "opaque";
  if (tag === "WebAssembly.Module") return route === "thread" ? "shared" : STAYS;
  return shapeOfForeign(object, route);
}

function shapeOfBuffer(buffer: ArrayBufferLike, route: Route, shape: "buffer" | "view"): Shape | Refusal {
  if (types.isSharedArrayBuffer(buffer)) return route === "thread" ? "shared" : NOT_SHARED;
  return buffer.byteLength === 0 && isDetached(buffer) ? DETACHED : shape;
}

// ArrayBuffer.prototype.detached would do, but Node 20 has not got it.
function isDetached(buffer: ArrayBuffer): boolean {
  try {
    return new Uint8Array(buffer).byteLength !== 0;
  } catch {
    return true;
  }
}

/** Whether other processes can use it: here is its owner, or the owner is known. */
function mayLeave(object: Shareable): boolean {
  return ownerOf(object) !== undefined || object[SHAREABLE].remote !== undefined;
}

/** Class instances, and Node's own objects in the guise of such. */
function shapeOfForeign(object: object, route: Route): Shape | Refusal {
  if (isShareable(object)) return route === "thread" || mayLeave(object) ? "shareable" : BOUND;
  const stay = reasonToStay(object);
  if (stay !== undefined) return new Refusal(stay);
  if (object instanceof MessagePort) return route === "thread" ? MUST_MOVE : STAYS;
  const { clone, move } = marksOfNode();
  if (clone !== undefined && clone in object) return route === "thread" ? "opaque" : STAYS;
  if (move !== undefined && move in object) return route === "thread" ? MUST_MOVE : STAYS;
  return "instance";
}
