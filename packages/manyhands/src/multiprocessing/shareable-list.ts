/** `ShareableList`: a list of fixed length in shared memory, as Python's.
 *
 *  Guarantees: what does not fit a slot is refused, and nothing is changed then, neither the slot nor its neighbours. A slot is
 *  not written at one stroke: whoever reads one that another is writing may see half of it, so guard it by a lock.
 *
 *  Layout, little-endian: count u32, 4 bytes free; for each slot 16 bytes: capacity u32, length u32, kind u32, 4 free; then
 *  the contents of the slots, each of a capacity that is a multiple of 8. */
import { InvalidOptionError } from "../base/errors.js";
import { checkNames } from "../base/options.js";
import { refuseCopies, registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import { SharedMemory } from "./shared-memory.js";

/** What a slot can hold. A bigint has 64 bits. */
export type ShareableItem = null | boolean | number | bigint | string | Uint8Array;

/** Where the list is. */
export interface ShareableListOptions {
  /** The name of its memory: a new one when there is a sequence, else that of the list to attach to. */
  name?: string;
}

const HEAD = 8;
const ENTRY = 16;
const WORD = 8;
const KINDS = { null: 0, boolean: 1, number: 2, bigint: 3, string: 4, bytes: 5 } as const;

/** An item as it stands in its slot. */
interface Stored {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** A list of fixed length whose slots keep the size that their first item needed, rounded up to 8 bytes. Give it to threads
 *  and processes as an argument, or attach by the name of its memory.
 *
 *  @param sequence the items of a new list; without it, the list of `name` is attached to.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an item of another kind, and without sequence and name; and as
 *  {@link SharedMemory}.
 *  @example
 *  ```ts
 *  using list = new ShareableList(["waiting", 0, null]);
 *  list.set(0, "done");
 *  list.set(1, 0.5);
 *  console.log([...list]);
 *  ``` */
export class ShareableList implements Disposable, Iterable<ShareableItem> {
  /** The memory that it stands in; unlink it when the list is not needed any more, or dispose of the list. */
  readonly shm: SharedMemory;
  /** Where each slot begins, and, at last, where all end. */
  readonly #starts: Float64Array;

  constructor(sequence?: Iterable<ShareableItem>, options: ShareableListOptions = {}) {
    refuseCopies(this);
    checkNames("A shareable list", options, ["name"]);
    const { name } = options;
    if (sequence !== undefined) [this.shm, this.#starts] = create([...sequence].map(stored), name);
    else if (name !== undefined) [this.shm, this.#starts] = attach(name);
    else throw new InvalidOptionError("sequence", "A shareable list needs its items, or the name of one to attach to");
  }

  get length(): number {
    return this.#starts.length - 1;
  }

  /** The item at `index`, bytes as a copy. @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is none. */
  get(index: number): ShareableItem {
    const { entry, start } = this.#slot(index);
    const view = this.#view();
    const bytes = this.shm.buf.subarray(start, start + view.getUint32(entry + 4, true));
    return restored(view.getUint32(entry + 8, true), bytes);
  }

  /** Puts an item, of whatever kind, in the place of another.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it needs more bytes than the slot has (text: as UTF-8), when it is
   *  of another kind, and when there is no such slot; nothing is changed then. */
  set(index: number, item: ShareableItem): void {
    const { entry, start, capacity } = this.#slot(index);
    const { kind, bytes } = stored(item);
    if (bytes.length > capacity) {
      throw new InvalidOptionError("item", `Slot ${index} has ${capacity} bytes, the item needs ${bytes.length}`);
    }
    const view = this.#view();
    this.shm.buf.set(bytes, start);
    view.setUint32(entry + 4, bytes.length, true);
    view.setUint32(entry + 8, kind, true);
  }

  /** How many items are `item`. */
  count(item: ShareableItem): number {
    return [...this].filter((each) => same(each, item)).length;
  }

  /** Where the first item is that is `item`; -1 when none is. */
  indexOf(item: ShareableItem): number {
    return [...this].findIndex((each) => same(each, item));
  }

  *[Symbol.iterator](): IterableIterator<ShareableItem> {
    for (let index = 0; index < this.length; index += 1) yield this.get(index);
  }

  /** Lets go of the list, and unlinks it when this object made it. */
  [Symbol.dispose](): void {
    this.shm[Symbol.dispose]();
  }

  /** @internal It travels by the name of its memory. */
  get [SHAREABLE](): Travel {
    return { ...this.shm[SHAREABLE], kind: KIND };
  }

  #view(): DataView {
    return new DataView(this.shm.buffer);
  }

  #slot(index: number): { readonly entry: number; readonly start: number; readonly capacity: number } {
    const [start, end] = [this.#starts[index], this.#starts[index + 1]];
    if (Number.isInteger(index) && start !== undefined && end !== undefined) {
      return { entry: HEAD + ENTRY * index, start, capacity: end - start };
    }
    throw new InvalidOptionError("index", `There is no slot ${index}: the list has ${this.length}`);
  }
}

const KIND = "ShareableList";

const reviver = {
  module: import.meta.url,
  fromThread: (name: unknown) => new ShareableList(undefined, { name: name as string }),
  fromProcess: (_link: unknown, name: unknown) => new ShareableList(undefined, { name: name as string }),
};
registerReviver(KIND, reviver);

function startsOf(capacities: readonly number[]): Float64Array {
  const starts = new Float64Array(capacities.length + 1);
  starts[0] = HEAD + ENTRY * capacities.length;
  for (const [index, capacity] of capacities.entries()) starts[index + 1] = (starts[index] ?? 0) + capacity;
  return starts;
}

function create(items: readonly Stored[], name: string | undefined): [SharedMemory, Float64Array] {
  const capacities = items.map(({ bytes }) => Math.max(WORD, Math.ceil(bytes.length / WORD) * WORD));
  const starts = startsOf(capacities);
  const shm = new SharedMemory({ create: true, size: starts.at(-1) ?? HEAD, ...(name !== undefined && { name }) });
  const view = new DataView(shm.buffer);
  view.setUint32(0, items.length, true);
  for (const [index, { kind, bytes }] of items.entries()) {
    const entry = HEAD + ENTRY * index;
    view.setUint32(entry, capacities[index] ?? 0, true);
    view.setUint32(entry + 4, bytes.length, true);
    view.setUint32(entry + 8, kind, true);
    shm.buf.set(bytes, starts[index]);
  }
  return [shm, starts];
}

function attach(name: string): [SharedMemory, Float64Array] {
  const shm = new SharedMemory({ name });
  const view = new DataView(shm.buffer);
  const count = shm.size < HEAD ? 0 : view.getUint32(0, true);
  const fits = HEAD + ENTRY * count <= shm.size;
  const capacities = fits ? Array.from({ length: count }, (_, slot) => view.getUint32(HEAD + ENTRY * slot, true)) : [];
  const starts = startsOf(capacities);
  if (fits && (starts.at(-1) ?? 0) <= shm.size) return [shm, starts];
  shm.close();
  throw new InvalidOptionError("name", `Shared memory ${JSON.stringify(name)} holds no shareable list`);
}

function wordOf(write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(WORD));
  write(view);
  return new Uint8Array(view.buffer);
}

/** @throws InvalidOptionError for what no slot can hold. */
function stored(item: ShareableItem): Stored {
  if (item === null) return { kind: KINDS.null, bytes: new Uint8Array(0) };
  if (item instanceof Uint8Array) return { kind: KINDS.bytes, bytes: item };
  switch (typeof item) {
    case "boolean":
      return { kind: KINDS.boolean, bytes: Uint8Array.of(Number(item)) };
    case "number":
      return { kind: KINDS.number, bytes: wordOf((view) => view.setFloat64(0, item, true)) };
    case "bigint":
      if (BigInt.asIntN(64, item) !== item) throw new InvalidOptionError("item", `${item} has more than 64 bits`);
      return { kind: KINDS.bigint, bytes: wordOf((view) => view.setBigInt64(0, item, true)) };
    case "string":
      return { kind: KINDS.string, bytes: Buffer.from(item, "utf8") };
    default:
      throw new InvalidOptionError(
        "item",
        `A slot holds null, a boolean, number, bigint, text or bytes, not a ${typeof item}`,
      );
  }
}

function restored(kind: number, bytes: Uint8Array): ShareableItem {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case KINDS.boolean:
      return view.getUint8(0) !== 0;
    case KINDS.number:
      return view.getFloat64(0, true);
    case KINDS.bigint:
      return view.getBigInt64(0, true);
    case KINDS.string:
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    case KINDS.bytes:
      return bytes.slice();
    default:
      return null;
  }
}

function same(one: ShareableItem, other: ShareableItem): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  return one === other || Object.is(one, other);
}
