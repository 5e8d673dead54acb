/** Messages on a stream of bytes: each behind its length, as Python's `Connection` has them.
 *
 *  Layout, big-endian: length i32; where that is -1, the length follows as u64. Then the bytes. */
import { constants } from "node:buffer";

const SHORT = 4;
const LONG = 12;
const LONGEST_SHORT = 0x7fff_ffff;

/** What stands before a message of `length` bytes. */
export function headOf(length: number): Buffer {
  const head = Buffer.alloc(length > LONGEST_SHORT ? LONG : SHORT);
  if (length > LONGEST_SHORT) {
    head.writeInt32BE(-1, 0);
    head.writeBigUInt64BE(BigInt(length), SHORT);
  } else head.writeInt32BE(length, 0);
  return head;
}

/** Puts messages together again from what a stream gives. */
export class MessageReader {
  /** Longer messages are refused. A stranger who has not shown that he has the key gets little memory of ours. */
  limit: number;
  readonly #handler: (message: Uint8Array) => void;
  #parts: Buffer[] = [];
  #length = 0;
  /** Bytes without which it makes no sense to look. */
  #needed = SHORT;

  constructor(limit: number, handler: (message: Uint8Array) => void) {
    this.limit = limit;
    this.#handler = handler;
  }

  /** Whether a message has begun whose rest has not come. */
  get amid(): boolean {
    return this.#length > 0;
  }

  /** @throws RangeError for a message that is too long. */
  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    // Joined only once enough is there: a large message would otherwise be copied once for each of its chunks.
    if (this.#length < this.#needed) return;
    const [only] = this.#parts;
    const bytes = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    const rest = this.#read(bytes);
    if (rest.length === 0) return;
    this.#parts = [rest];
    this.#length = rest.length;
  }

  #read(bytes: Buffer): Buffer {
    let at = 0;
    for (;;) {
      const left = bytes.subarray(at);
      this.#needed = neededFor(left);
      if (this.#needed - LONG > Math.min(this.limit, constants.MAX_LENGTH)) {
        throw new RangeError(
          `A message of ${this.#needed - SHORT} bytes is more than the ${this.limit} that are taken`,
        );
      }
      if (left.length < this.#needed) return left;
      const head = left.readInt32BE(0) < 0 ? LONG : SHORT;
      // A copy of its own: it may be kept for long, and the chunk it came in hold much else.
      this.#handler(Uint8Array.prototype.slice.call(left, head, this.#needed));
      at += this.#needed;
    }
  }
}

/** The length of the message at the beginning, its head included, or of as much of its head as tells. */
function neededFor(bytes: Buffer): number {
  if (bytes.length < SHORT) return SHORT;
  const length = bytes.readInt32BE(0);
  if (length >= 0) return SHORT + length;
  return bytes.length < LONG ? LONG : LONG + Number(bytes.readBigUInt64BE(SHORT));
}
