/** An object that lives in a manager's process and is used from others by its methods.
 *
 *  The same class stands for it everywhere: here as a proxy, in the manager's process as itself. So an object that is put
 *  into another comes out as what it is, on both sides.
 *
 *  Guarantees: an operation is one method call, whole and alone as far as the method is synchronous; what a method throws
 *  arrives as what it is; only methods that are exposed can be called. */
import { RemoteError, SerializationError } from "../base/errors.js";
import {
  type RemoteLink,
  type RemoteObject,
  refuseCopies,
  registerReviver,
  SHAREABLE,
  type Travel,
} from "../base/shareable.js";

const KIND = "Managed";

/** What a proxy of `T` has: the methods of `T`, each of which is awaited. */
export type Managed<T> = ManagedObject & {
  readonly [K in keyof T as T[K] extends (...args: infer _) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** What all processes know of an object. */
interface Facts {
  /** The name of its class. */
  readonly type: string;
  readonly methods: readonly string[];
}

/** Where the object is. */
type Core =
  | { readonly type: "here"; readonly target: object }
  | { readonly type: "elsewhere"; readonly link: RemoteLink };

/** Names that would make the proxy something else: awaiting it must not call the object. */
const NEVER = new Set(["constructor", "then", "callMethod"]);

/** An object in a manager's process. Its methods stand in its type, {@link Managed}. */
// Not `implements Shareable`: what makes it one is left out of the declarations, and they would contradict themselves.
export class ManagedObject {
  readonly #core: Core;
  readonly #facts: Facts;
  readonly #travel: Travel;

  /** @internal */
  constructor(core: Core, facts: Facts) {
    this.#core = core;
    this.#facts = facts;
    this.#travel = travelOf(core, facts);
    refuseCopies(this);
  }

  /** Calls a method by its name, as Python's `_callmethod` does.
   *  @param method its name
   *  @param args copied, but for shared objects
   *  @returns what the method returns, or its promise gives: a copy, but for shared objects
   *  @throws RemoteError (`ERR_REMOTE`) when there is no such method or it is not exposed, OwnerGoneError
   *    (`ERR_OWNER_GONE`) when the manager has ended, SerializationError (`ERR_SERIALIZATION`), and whatever the method throws
   *  @example
   *  ```ts
   *  await proxy.callMethod("increment", 2);
   *  ``` */
  async callMethod(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const core = this.#core;
    return core.type === "elsewhere" ? core.link.call(method, args) : perform(core.target, this.#facts, method, args);
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#travel;
  }

  get [Symbol.toStringTag](): string {
    return `Managed ${this.#facts.type}`;
  }
}

/** Carried by whoever has brought it, when it is elsewhere. */
function travelOf(core: Core, facts: Facts): Travel {
  if (core.type === "elsewhere") return { kind: KIND, toThread: refuseThread };
  return { kind: KIND, toThread: refuseThread, remote: remoteOf(core.target, facts) };
}

function remoteOf(target: object, facts: Facts): RemoteObject {
  return {
    facts: () => facts,
    open: () => ({
      call: (method, args) => perform(target, facts, method, args),
      // A client holds nothing of it: what it has changed stays changed.
      close: () => undefined,
    }),
  };
}

function refuseThread(): never {
  throw new SerializationError(
    "",
    "An object of a manager cannot go to a thread of the manager's own process: it lives in one thread",
  );
}

function perform(target: object, { type, methods }: Facts, method: string, args: readonly unknown[]): unknown {
  if (!methods.includes(method)) throw new RemoteError(`A ${type} of a manager has no exposed method "${method}"`);
  return Reflect.apply(Reflect.get(target, method) as (...all: unknown[]) => unknown, target, args);
}

/** Makes an object available to other processes.
 *  @param exposed which methods can be called; without it, all whose names do not begin with an underscore */
export function manage(
  target: object,
  type: string,
  exposed: readonly string[] = publicMethodsOf(target),
): ManagedObject {
  const methods = exposed.filter((name) => !NEVER.has(name) && typeof Reflect.get(target, name) === "function");
  return standIn({ type: "here", target }, { type, methods });
}

function publicMethodsOf(target: object): string[] {
  const names = new Set<string>();
  let holder: object | null = target;
  while (holder !== null && holder !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(holder)) if (isMethod(holder, name)) names.add(name);
    holder = Object.getPrototypeOf(holder);
  }
  return [...names].filter((name) => !name.startsWith("_"));
}

// By its descriptor: a getter must not run for that.
function isMethod(holder: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(holder, name)?.value === "function";
}

type ManagedClass = new (core: Core, facts: Facts) => ManagedObject;

/** A class for each set of methods. */
const classes = new Map<string, ManagedClass>();

function standIn(core: Core, facts: Facts): ManagedObject {
  const key = `${facts.type} ${facts.methods.join()}`;
  let made = classes.get(key);
  if (made === undefined) {
    made = class extends ManagedObject {};
    for (const name of facts.methods) Object.defineProperty(made.prototype, name, methodNamed(name));
    classes.set(key, made);
  }
  return new made(core, facts);
}

function methodNamed(name: string): PropertyDescriptor {
  const value = function (this: ManagedObject, ...args: readonly unknown[]): Promise<unknown> {
    return this.callMethod(name, ...args);
  };
  return { value, configurable: true, writable: true };
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: refuseThread,
  fromProcess: (link, facts) => standIn({ type: "elsewhere", link }, facts as Facts),
});
