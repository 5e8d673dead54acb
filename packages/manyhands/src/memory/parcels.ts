/** Bytes that two processes hand over through a file that both hold open: one direction of it, at its place in the file.
 *
 *  Layout, in bytes: what has been taken (two i32, written by the side that reads), the area of small values, and
 *  elsewhere that of large ones. */
import { readSync, writeSync } from "node:fs";
import { isLarge, lengthAt, offsetAt, offsetIn, type Place, RoomGiver, RoomTaker } from "./byte-room.js";

/** Where in the file a direction has its parts. */
export interface ParcelLayout {
  readonly taken: number;
  readonly small: number;
  readonly large: number;
}

function startOf(layout: ParcelLayout, place: Place): number {
  return (isLarge(place) ? layout.large : layout.small) + offsetAt(place);
}

/** The side that puts bytes there. */
export class ParcelWriter {
  readonly #fd: number;
  readonly #layout: ParcelLayout;
  readonly #words = new Int32Array(2);
  readonly #room: RoomGiver;

  constructor(fd: number, layout: ParcelLayout) {
    this.#fd = fd;
    this.#layout = layout;
    this.#room = new RoomGiver(() => {
      readSync(fd, this.#words, 0, 8, layout.taken);
      return { small: this.#words[0] ?? 0, large: this.#words[1] ?? 0 };
    });
  }

  /** @returns where the bytes stand now; -1 when there is no room for them. */
  put(bytes: Uint8Array): Place {
    const place = this.#room.find(bytes.length);
    if (place < 0 || !this.#write(bytes, startOf(this.#layout, place))) return -1;
    this.#room.keep(place);
    return place;
  }

  #write(bytes: Uint8Array, at: number): boolean {
    try {
      return writeSync(this.#fd, bytes, 0, bytes.length, at) === bytes.length;
    } catch {
      // The file grows as it is used, and the disk may be full. What could not be put here travels otherwise.
      return false;
    }
  }
}

/** Small values are read together up to this many bytes: an array that is a view of them keeps all of them. */
const SPAN = 1 << 16;

/** The side that takes them. */
export class ParcelReader {
  readonly #fd: number;
  readonly #layout: ParcelLayout;
  readonly #room = new RoomTaker();
  readonly #words = new Int32Array(2);
  /** What was read last. */
  #span: Place = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(fd: number, layout: ParcelLayout) {
    this.#fd = fd;
    this.#layout = layout;
  }

  /** The bytes at a place, in memory that is not used again: arrays that are read from them are views of it.
   *  @param spanFrom gives the place of it and of what is known to be written behind it, no more than `most` bytes. */
  read(place: Place, spanFrom: (most: number) => Place = () => place): Buffer {
    const known = this.#bytesAt(place);
    if (known !== undefined) return known;
    const span = spanFrom(SPAN);
    const bytes = Buffer.allocUnsafeSlow(lengthAt(span));
    readSync(this.#fd, bytes, 0, bytes.length, startOf(this.#layout, span));
    // One value is read once, and need not be kept.
    if (span === place) return bytes;
    this.#span = span;
    this.#bytes = bytes;
    return bytes.subarray(0, lengthAt(place));
  }

  #bytesAt(place: Place): Buffer | undefined {
    const offset = offsetIn(this.#span, place);
    return offset < 0 ? undefined : this.#bytes.subarray(offset, offset + lengthAt(place));
  }

  /** The place, and those before it, can be given again as soon as it is told. */
  pass(place: Place): void {
    this.#room.pass(place);
  }

  /** Tells what has been passed. The other side asks when it has no room left. */
  tell(): void {
    const { small, large } = this.#room;
    if (this.#words[0] === small && this.#words[1] === large) return;
    this.#words[0] = small;
    this.#words[1] = large;
    writeSync(this.#fd, this.#words, 0, 8, this.#layout.taken);
  }
}
