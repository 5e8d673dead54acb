/** Messages on a socket: their length, then V8's serialisation of each.
 *
 *  Guarantees: messages arrive whole and in order, however the socket cuts them. */
import { serializer } from "../base/serializer.js";
import { serializationError } from "../wire/values.js";
import type { PassUse } from "./given.js";
import type { Carried } from "./messages.js";
import { pack, unpack } from "./travel.js";

const HEADER = 4;

export function encode(message: unknown): Buffer {
  const payload = serializer().serialize(message);
  const frame = Buffer.allocUnsafe(HEADER + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.set(payload, HEADER);
  return frame;
}

/** Encodes a message that carries a value.
 *  @throws SerializationError naming the part of the value that cannot leave the process. */
export function encodeCarrying(value: unknown, path: string, use: PassUse, message: (it: Carried) => unknown): Buffer {
  try {
    return encode(message({ type: "plain", value }));
  } catch (cause) {
    const parcel = pack(value, path, "process", use);
    if (parcel !== undefined) return encode(message({ type: "parcel", parcel }));
    const error = serializationError(value, path, "process");
    error.cause ??= cause;
    throw error;
  }
}

/** What was carried; a promise when shared objects in it must be asked for first. */
export function taken(carried: Carried): unknown {
  return carried.type === "plain" ? carried.value : unpack(carried.parcel);
}

/** Puts messages together again from what a socket gives. */
export class MessageReader {
  readonly #handle: (message: unknown) => void;
  #parts: Buffer[] = [];
  #length = 0;
  #needed = HEADER;

  constructor(handle: (message: unknown) => void) {
    this.#handle = handle;
  }

  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    // Joined only once enough is there: a large value would otherwise be copied once for each of its chunks.
    if (this.#length < this.#needed) return;
    const bytes = Buffer.concat(this.#parts, this.#length);
    const rest = this.#read(bytes);
    this.#parts = [rest];
    this.#length = rest.length;
  }

  #read(bytes: Buffer): Buffer {
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.#needed = left < HEADER ? HEADER : HEADER + bytes.readUInt32LE(at);
      if (left < this.#needed) return bytes.subarray(at);
      const payload = bytes.subarray(at + HEADER, at + this.#needed);
      at += this.#needed;
      this.#handle(serializer().deserialize(payload));
    }
  }
}
