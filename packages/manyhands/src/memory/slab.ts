/** Shared bytes that grow, written in plain stores by whoever has exclusive access.
 *
 *  Guarantees: every store goes through a method of this class, so that a test can stop a thread before any of them; what
 *  was written stays where it is when the bytes grow, and threads that hold the same memory see the new ones.
 *
 *  Places are counted in units of 8 bytes, so that a word of 32 bits can name any of them. */
import { QueueMemoryError } from "../base/queue-errors.js";
import { type Cells, sharedCells } from "./cells.js";

export const UNIT = 8;

/** Address space is reserved for this much, memory is used for what is written. Less is tried where that is refused. */
const RESERVATIONS = [2 ** 32, 2 ** 31, 2 ** 30, 2 ** 28, 2 ** 26];

/** ES2024, which Node 20 has and the compiler's library of ES2023 does not know. */
interface GrowableBuffer extends SharedArrayBuffer {
  readonly maxByteLength: number;
  grow(byteLength: number): void;
}
type GrowableConstructor = new (byteLength: number, options: { readonly maxByteLength: number }) => GrowableBuffer;

function reserve(byteLength: number): GrowableBuffer {
  const Growable = SharedArrayBuffer as unknown as GrowableConstructor;
  for (const maxByteLength of RESERVATIONS) {
    try {
      return new Growable(byteLength, { maxByteLength });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new QueueMemoryError(`Cannot make a queue: ${RESERVATIONS.at(-1)} bytes of address space cannot be reserved`);
}

export class Slab {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Cells;
  #units = 0;
  #ints: Int32Array = new Int32Array();
  #doubles: Float64Array = new Float64Array();
  #bytes: Buffer = Buffer.alloc(0);

  /** @param memory bytes that another slab is made of, or how many units to begin with. */
  constructor(memory: SharedArrayBuffer | number) {
    this.buffer = typeof memory === "number" ? reserve(memory * UNIT) : memory;
    this.#cells = sharedCells(this.buffer, 0, 1);
    this.#look();
  }

  /** The version of what is here; see QueueState. */
  get version(): number {
    return this.#cells.load(0);
  }

  /** Makes visible, at one stroke, what was written before. */
  publish(version: number): void {
    this.#cells.store(0, version);
  }

  /** The views have a fixed length: those that follow a buffer's growth are 15 times slower. */
  #look(): void {
    const bytes = this.buffer.byteLength;
    this.#units = bytes / UNIT;
    this.#ints = new Int32Array(this.buffer, 0, bytes / 4);
    this.#doubles = new Float64Array(this.buffer, 0, bytes / UNIT);
    this.#bytes = Buffer.from(this.buffer, 0, bytes);
  }

  /** Makes the first `units` readable here, which another thread may have added. */
  reach(units: number): void {
    if (units > this.#units) this.#look();
  }

  /** Makes sure that there are `units`.
   *  @throws QueueMemoryError when the memory cannot grow so far. */
  grow(units: number): void {
    if (units * UNIT > this.buffer.byteLength) {
      const buffer = this.buffer as GrowableBuffer;
      try {
        buffer.grow(units * UNIT);
      } catch (cause) {
        const most = `${buffer.byteLength} of at most ${buffer.maxByteLength} bytes are in use`;
        throw new QueueMemoryError(`The queue's shared memory cannot grow to ${units * UNIT} bytes: ${most}`, {
          cause,
        });
      }
    }
    this.reach(units);
  }

  /** @param index in words of 32 bits. */
  int(index: number): number {
    return this.#ints[index] ?? 0;
  }

  setInt(index: number, value: number): void {
    this.#ints[index] = value;
  }

  double(unit: number): number {
    return this.#doubles[unit] ?? 0;
  }

  setDouble(unit: number, value: number): void {
    this.#doubles[unit] = value;
  }

  /** A copy, in memory of its own: what is read out of it may hold on to it. */
  bytesAt(unit: number, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(unit * UNIT, unit * UNIT + length));
  }

  setBytes(unit: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, unit * UNIT);
  }

  /** Compares two stretches as numbers from 0 to 255 each. */
  compareBytes(left: number, leftLength: number, right: number, rightLength: number): number {
    const bytes = this.#bytes;
    const [leftFrom, rightFrom] = [left * UNIT, right * UNIT];
    return bytes.compare(bytes, rightFrom, rightFrom + rightLength, leftFrom, leftFrom + leftLength);
  }

  latin1At(unit: number, length: number): string {
    return this.#bytes.toString("latin1", unit * UNIT, unit * UNIT + length);
  }

  setLatin1(unit: number, text: string): void {
    this.#bytes.write(text, unit * UNIT, "latin1");
  }

  twoByteAt(unit: number, length: number): string {
    return this.#bytes.toString("utf16le", unit * UNIT, unit * UNIT + length);
  }

  setTwoByte(unit: number, text: string): void {
    this.#bytes.write(text, unit * UNIT, "utf16le");
  }

  /** Copies `units` from one place to another; the two may not overlap. */
  copy(to: number, from: number, units: number): void {
    this.#bytes.copyWithin(to * UNIT, from * UNIT, (from + units) * UNIT);
  }
}
