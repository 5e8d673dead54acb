/** `SharedMemory`: named memory that processes share, as Python's `multiprocessing.shared_memory`.
 *
 *  Guarantees: new memory is all zeros; a segment ends with its creator unless `track` says no, also when that is killed, and
 *  never with a mere user; a view that outlives `close()` shows zeros and harms nobody. */
import { randomBytes } from "node:crypto";
import { InvalidOptionError, InvalidStateError } from "../base/errors.js";
import { checkCount, checkNames, checkType } from "../base/options.js";
import { refuseCopies, registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import { type Mapping, posixMemory } from "../memory/posix.js";
import {
  SegmentError,
  SegmentExistsError,
  SegmentNotFoundError,
  SharedMemoryUnavailableError,
} from "../memory/segment-errors.js";
import { rememberOwn } from "../wire/error-classes.js";
import { entryOf, UNBORN, unlinkEntry } from "./segment-entry.js";
import { type SegmentTracker, segmentTracker } from "./segment-tracker.js";

/** What to create, or to attach to. */
export interface SharedMemoryOptions {
  /** Letters, digits, `_`, `.`, `-`, at most 250. @default a new one, when creating */
  name?: string;
  /** Makes a new segment. @default false */
  create?: boolean;
  /** The size of a new segment in bytes, at least 1. When attaching it is ignored: the segment has its size. */
  size?: number;
  /** Whether the segment is to be unlinked when this process ends, however it ends. @default true for who creates it, false
   *  for who attaches to it */
  track?: boolean;
}

type State = { readonly kind: "open"; readonly mapping: Mapping } | { readonly kind: "closed" };
type Name = { readonly kind: "linked" } | { readonly kind: "unlinked" };

/** A segment of memory that every process sees that attaches to its name. It can also be given to threads and processes as an
 *  argument: they attach to it.
 *
 *  @throws SegmentExistsError (`ERR_SEGMENT_EXISTS`) when `create` meets a segment of this name.
 *  @throws SegmentNotFoundError (`ERR_SEGMENT_NOT_FOUND`) when there is none to attach to.
 *  @throws SegmentError (`ERR_SEGMENT`) when the system refuses, such as for want of memory.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for a wrong name or size.
 *  @throws SharedMemoryUnavailableError (`ERR_SHARED_MEMORY_UNAVAILABLE`) on Windows, and without the package koffi.
 *  @example
 *  ```ts
 *  using memory = new SharedMemory({ create: true, size: 8 * 1_000_000 });
 *  const numbers = new Float64Array(memory.buffer);
 *  await pool.map(fillPart, parts.map((part) => ({ ...part, name: memory.name })));
 *
 *  export function fillPart({ name, from, to }: Part): void {
 *    using memory = new SharedMemory({ name });
 *    new Float64Array(memory.buffer).fill(1, from, to);
 *  }
 *  ``` */
export class SharedMemory implements Disposable {
  /** What others attach by. */
  readonly name: string;
  /** In bytes. On some systems a multiple of the page size. */
  readonly size: number;
  readonly #identity: string;
  readonly #role: "creator" | "user";
  #state: State;
  #link: Name = { kind: "linked" };
  #bytes: Uint8Array | undefined;

  constructor(options: SharedMemoryOptions = {}) {
    refuseCopies(this);
    const name = checked(options);
    const creates = options.create === true;
    // First of all: where there is no such memory, there is nothing to track.
    const memory = posixMemory();
    const tracker = (options.track ?? creates) ? segmentTracker() : undefined;
    const mapping = creates ? create(options, name, tracker) : memory.attach(name);
    this.name = name;
    this.size = mapping.size;
    this.#identity = mapping.identity;
    this.#role = creates ? "creator" : "user";
    this.#state = { kind: "open", mapping };
    tracker?.add(name, mapping.identity);
  }

  /** The memory itself, to be seen through typed arrays and `DataView`s.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) after `close()`. */
  get buffer(): ArrayBuffer {
    if (this.#state.kind === "open") return this.#state.mapping.buffer;
    throw new InvalidStateError(`Shared memory ${JSON.stringify(this.name)} is closed here: attach to it anew`);
  }

  /** The memory as bytes. @throws InvalidStateError (`ERR_INVALID_STATE`) after `close()`. */
  get buf(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.buffer);
    return this.#bytes;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#state.kind === "closed";
  }

  /** Lets go of the memory in this thread; others keep it, and so does its name. Views that are still used show zeros.
   *  Idempotent.
   *  @throws SegmentError (`ERR_SEGMENT`) when the system refuses: the memory is still open then. */
  close(): void {
    if (this.#state.kind === "closed") return;
    this.#state.mapping.release();
    this.#state = { kind: "closed" };
    this.#bytes = undefined;
  }

  /** Takes the name away: nobody can attach any more, who has it keeps it, and the memory is free once the last one lets go.
   *  Nothing happens when it was called on this object before.
   *  @throws SegmentNotFoundError (`ERR_SEGMENT_NOT_FOUND`) when somebody else has unlinked it. */
  unlink(): void {
    if (this.#link.kind === "unlinked") return;
    this.#link = { kind: "unlinked" };
    try {
      posixMemory().unlink(this.name);
    } finally {
      segmentTracker().remove(this.name, this.#identity);
    }
  }

  /** Closes, and unlinks what this object created. */
  [Symbol.dispose](): void {
    try {
      this.close();
    } finally {
      if (this.#role === "creator") this.forget();
    }
  }

  /** Unlinks it if that has not been done, by whomever: leaving a scope is no time for errors.
   *  @internal */
  forget(): void {
    if (this.#link.kind === "unlinked") return;
    this.#link = { kind: "unlinked" };
    unlinkEntry(entryOf(this.name, this.#identity));
    segmentTracker().remove(this.name, this.#identity);
  }

  /** @internal It travels by its name. */
  get [SHAREABLE](): Travel {
    const { name } = this;
    return {
      kind: KIND,
      toThread: () => name,
      remote: { facts: () => name, open: () => ({ call: noOperations, close: () => undefined }) },
    };
  }
}

const KIND = "SharedMemory";

function noOperations(method: string): never {
  throw new InvalidStateError(`Shared memory has no operation ${method}: it is used where it is mapped`);
}

const reviver = {
  module: import.meta.url,
  fromThread: (name: unknown) => new SharedMemory({ name: name as string }),
  fromProcess: (_link: unknown, name: unknown) => new SharedMemory({ name: name as string }),
};
registerReviver(KIND, reviver);
rememberOwn([SegmentExistsError, SegmentNotFoundError, SegmentError, SharedMemoryUnavailableError]);

/** Makes a segment, of which the tracker knows before it is there. */
function create(options: SharedMemoryOptions, name: string, tracker: SegmentTracker | undefined): Mapping {
  tracker?.expect(name, options.name === undefined ? "ours" : "given");
  try {
    return posixMemory().create(name, options.size ?? 0);
  } catch (error) {
    tracker?.remove(name, UNBORN);
    throw error;
  }
}

/** The name to use. */
function checked(options: SharedMemoryOptions): string {
  checkNames("Shared memory", options, ["name", "create", "size", "track"]);
  const { name, create, size, track } = options;
  checkType("name", name, "string");
  checkType("create", create, "boolean");
  checkType("track", track, "boolean");
  if (create === true) checkCount("size", size ?? 0, 1);
  if (name === undefined) {
    if (create === true) return `mh_${randomBytes(9).toString("hex")}`;
    throw new InvalidOptionError("name", "Shared memory needs a name to attach to, or create: true");
  }
  if (/^[\w.-]{1,250}$/.test(name) && !/^\.+$/.test(name)) return name;
  throw new InvalidOptionError(
    "name",
    `The name of shared memory is 1 to 250 letters, digits, "_", "." and "-", got ${JSON.stringify(name)}`,
  );
}
