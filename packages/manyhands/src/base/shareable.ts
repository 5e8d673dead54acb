/** How an object travels that is shared instead of copied: a lock, a queue, an end of a pipe.
 *
 *  To another thread of this process it goes as its memory. To another process it goes as the right to ask its owner, who
 *  performs the operations on the other's behalf and releases what the other held when it is gone. */

/** The property by which an object says that it is shared when it travels. */
export const SHAREABLE: unique symbol = Symbol.for("manyhands.shareable");

export interface Shareable {
  readonly [SHAREABLE]: Travel;
}

export interface Travel {
  /** Names the class, and so who makes the object anew on the other side: `"Lock"`, `"Queue"`. */
  readonly kind: string;
  /** Its shared memory and plain values, which structured clone can carry; called each time that it goes to a thread. */
  toThread(): unknown;
  /** What `toThread` gave has not arrived, or has, and whoever took it along knows no more of it: a cancelled call, a worker
   *  that died. For what is counted while it is on its way. */
  lost?(parcel: unknown): void;
  /** What other processes may ask for. Without it the object cannot leave its process. */
  readonly remote?: RemoteObject;
}

/** The owner's side of an object that other processes use. */
export interface RemoteObject {
  /** Plain values that the other side needs to know at once. */
  facts(): unknown;
  /** Another process begins to use it. */
  open(): RemoteSession;
  /** A ticket for it is about to leave: from now on another process may come for it.
   *  @returns what to call once when that process has begun to use it or cannot come any more; `undefined` for nothing. */
  given?(): (() => void) | undefined;
}

/** The use of an object by one client. */
export interface RemoteSession {
  /** Performs an operation. `signal` aborts when the client gives up or is gone; nothing may be taken for it after that. */
  call(method: string, args: readonly unknown[], signal: AbortSignal): unknown;
  /** The client is gone: releases whatever it held. */
  close(): void;
}

/** The other side's way to the owner of an object. */
export interface RemoteLink {
  /** Asks for an operation and waits for its result.
   *  @throws what the operation throws; OwnerGoneError when the owner is gone. */
  call(method: string, args: readonly unknown[], options?: { readonly signal?: AbortSignal }): Promise<unknown>;
  /** Asks for an operation, in order with the others, and waits for nothing. */
  post(method: string, args: readonly unknown[]): void;
  /** Asks for an operation and parks this thread until its result is there. */
  callSync(method: string, args: readonly unknown[]): unknown;
}

/** Makes objects of one kind anew from what has travelled. */
export interface Reviver {
  /** `import.meta.url` of the module that registers it: a thread that has not loaded it does so when such an object
   *  arrives, so it must be one that can be loaded for its own sake. */
  readonly module: string;
  fromThread(parcel: unknown): object;
  fromProcess(link: RemoteLink, facts: unknown): object;
}

/** Kept by the thread and not by this module, which may be there twice: joined with others and by itself. */
const REVIVERS: unique symbol = Symbol.for("manyhands.revivers");

function revivers(): Map<string, Reviver> {
  const holder = globalThis as { [REVIVERS]?: Map<string, Reviver> };
  holder[REVIVERS] ??= new Map();
  return holder[REVIVERS];
}

/** Says who makes objects of this kind anew. Called by the module of the class when it loads. */
export function registerReviver(kind: string, reviver: Reviver): void {
  revivers().set(kind, reviver);
}

/** Who makes objects of this kind anew; `undefined` when its module has not been loaded. */
export function reviverOf(kind: string): Reviver | undefined {
  return revivers().get(kind);
}

export function isShareable(value: unknown): value is Shareable {
  return typeof value === "object" && value !== null && SHAREABLE in value;
}

/** The property by which an object says that it is neither copied nor shared: it belongs to the thread that made it, as a
 *  pool does. Its value tells why, and what to send instead. On the prototype, where it costs an object nothing. */
export const STAYS: unique symbol = Symbol.for("manyhands.stays");

/** Why an object may not leave its thread; `undefined` when it does not say so. */
export function reasonToStay(object: object): string | undefined {
  return STAYS in object ? (object as { readonly [STAYS]: string })[STAYS] : undefined;
}

/** To be called by the constructor of every shareable, and of what stays and may stand in a result. Structured clone would
 *  make an empty object of it without a word; now it refuses, and this is also how a result that holds one is noticed at no
 *  cost for all the others.
 *
 *  A function in a property is the one thing that it refuses on every version of Node and on both routes. */
export function refuseCopies(object: object): void {
  const [name, value] = STAYS in object ? ["manyhands:stays", stays] : ["manyhands:shared", travelsInCalls];
  Object.defineProperty(object, name, { value, enumerable: true });
}

function travelsInCalls(): string {
  return "A shared object travels as an argument or a result of a call; it cannot be posted or copied by itself.";
}

function stays(): string {
  return "This object belongs to the thread that made it; it cannot be posted or copied.";
}
