/** The memory of a `Value` or an `Array`, its lock, and how both travel.
 *
 *  Guarantees: the memory is all zeros at first; it ends with whoever made it: when that disposes of it, when nobody has it and
 *  it was never given away, or with the process. */
import { InvalidOptionError, InvalidStateError, SerializationError } from "../base/errors.js";
import { checkNames } from "../base/options.js";
import {
  isShareable,
  type RemoteLink,
  type RemoteObject,
  type Reviver,
  registerReviver,
  reviverOf,
  SHAREABLE,
  type Travel,
} from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import { type ElementCode, type ElementName, elementName, elementSize, TypedElements } from "../memory/element-type.js";
import { RLock } from "../sync/rlock.js";
import { SharedMemory } from "./shared-memory.js";

/** What guards a value: a `Lock` or `RLock`, or something of their kind. To travel it must be able to. */
export interface ElementsLock {
  acquire(options?: WaitOptions): Promise<Disposable>;
  with<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R>;
}

/** Options of `Value` and `Array`. */
export interface ElementsOptions {
  /** The lock that `getLock()` gives; `false` for none. @default a new RLock */
  lock?: ElementsLock | false;
}

type Guard = { readonly kind: "lock"; readonly lock: ElementsLock } | { readonly kind: "none" };

/** What arrives in another thread or process. */
interface Facts {
  readonly type: ElementName;
  readonly length: number;
  readonly memory: string;
  readonly lock: { readonly kind: string; readonly facts: unknown } | undefined;
}

/** Unlinks what was never given away and is not used any more. It is not closed: somebody may still have its view. */
const unused = new FinalizationRegistry<SharedMemory>((memory) => memory.forget());

/** Makes the lock of arrived elements anew. */
type LockReviver = (kind: string, facts: unknown) => object;

export class SharedElements<C extends ElementCode> implements Disposable {
  readonly type: ElementName;
  readonly length: number;
  readonly #elements: TypedElements<C>;
  readonly #memory: SharedMemory;
  readonly #guard: Guard;

  private constructor(type: ElementName, length: number, memory: SharedMemory, guard: Guard) {
    this.type = type;
    this.length = length;
    this.#elements = new TypedElements(type, memory.buffer, length);
    this.#memory = memory;
    this.#guard = guard;
  }

  /** Makes new ones, all zero. */
  static create<C extends ElementCode>(code: C, length: number, options: ElementsOptions): SharedElements<C> {
    checkNames("A shared value", options, ["lock"]);
    const type = elementName(code);
    const guard = guardOf(options.lock);
    // A segment has at least one byte, also that of an empty array.
    const memory = new SharedMemory({ create: true, size: Math.max(1, length * elementSize(type)) });
    const made = new SharedElements<C>(type, length, memory, guard);
    unused.register(made, memory, made);
    return made;
  }

  static arrived<C extends ElementCode>(facts: unknown, revive: LockReviver): SharedElements<C> {
    const { type, length, memory, lock } = facts as Facts;
    const guard: Guard =
      lock === undefined ? { kind: "none" } : { kind: "lock", lock: revive(lock.kind, lock.facts) as ElementsLock };
    return new SharedElements<C>(type, length, new SharedMemory({ name: memory }), guard);
  }

  /** @throws InvalidStateError when disposed of. */
  get elements(): TypedElements<C> {
    if (!this.#memory.closed) return this.#elements;
    throw new InvalidStateError("This shared value was disposed of: its memory is gone");
  }

  /** @throws InvalidStateError when there is none. */
  get lock(): ElementsLock {
    if (this.#guard.kind === "lock") return this.#guard.lock;
    throw new InvalidStateError("There is no lock: this was made with lock: false");
  }

  /** How it travels: by the name of its memory. What other processes ask of its owner, they ask of the lock. */
  travel(kind: string): Travel {
    // From now on others may have it, or be about to.
    unused.unregister(this);
    const lock = this.#guard.kind === "lock" ? travelOf(this.#guard.lock) : undefined;
    const facts = (inner: unknown): Facts => ({
      type: this.type,
      length: this.length,
      memory: this.#memory.name,
      lock: lock && { kind: lock.kind, facts: inner },
    });
    if (lock === undefined) return { kind, toThread: () => facts(undefined), remote: bare(() => facts(undefined)) };
    const { remote } = lock;
    const toThread = (): Facts => facts(lock.toThread());
    if (remote === undefined) return { kind, toThread };
    return { kind, toThread, remote: { facts: () => facts(remote.facts()), open: () => remote.open() } };
  }

  [Symbol.dispose](): void {
    unused.unregister(this);
    this.#memory[Symbol.dispose]();
  }
}

/** Says how elements of a kind are made anew. */
export function registerElements(kind: string, make: (elements: SharedElements<ElementCode>) => object): void {
  const lockReviver = (lockKind: string): Reviver => {
    const reviver = reviverOf(lockKind);
    if (reviver === undefined) throw new InvalidStateError(`Nobody here knows how to make a ${lockKind} anew`);
    return reviver;
  };
  const reviver = {
    module: import.meta.url,
    fromThread: (parcel: unknown) =>
      make(SharedElements.arrived(parcel, (lockKind, facts) => lockReviver(lockKind).fromThread(facts))),
    fromProcess: (link: RemoteLink, parcel: unknown) =>
      make(SharedElements.arrived(parcel, (lockKind, facts) => lockReviver(lockKind).fromProcess(link, facts))),
  };
  registerReviver(kind, reviver);
}

function guardOf(lock: ElementsLock | false = new RLock()): Guard {
  if (lock === false) return { kind: "none" };
  if (typeof lock === "object" && lock !== null && "acquire" in lock && "with" in lock) return { kind: "lock", lock };
  throw new InvalidOptionError("lock", "lock must be a lock with acquire() and with(), or false");
}

/** @throws SerializationError when the lock cannot leave this thread. */
function travelOf(lock: ElementsLock): Travel {
  if (isShareable(lock)) return lock[SHAREABLE];
  throw new SerializationError("lock", "The lock of this shared value cannot leave its thread: use a Lock or an RLock");
}

/** Elements without a lock: there is nothing to ask of their owner. */
function bare(facts: () => unknown): RemoteObject {
  const call = (method: string): never => {
    throw new InvalidStateError(`Shared memory has no operation ${method}: it is used where it is mapped`);
  };
  return { facts, open: () => ({ call, close: () => undefined }) };
}
