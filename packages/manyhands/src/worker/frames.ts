/** Frames on the pipes between a pool and its worker processes.
 *
 *  The worker writes each frame with one synchronous `write` before it goes on (1 µs): what it finished is in the
 *  kernel's hands when it dies in the next call. Node's own channel would keep it in the dying process.
 *
 *  Guarantees: frames arrive whole and in order, however the pipe cuts them; small outcomes need no serialiser.
 *
 *  Layout, little-endian: payload length u32, kind u8, 3 unused, slot i32, 4 unused, x f64, y f64, payload. */
import { writeSync } from "node:fs";
import { serializer } from "../base/serializer.js";
import { park } from "../memory/mod.js";

export const FRAME = {
  /** The payload is a message in V8's serialisation. */
  message: 0,
  /** A call has started, at x. */
  started: 1,
  /** Small outcomes; x is a number's value, y the duration. */
  number: 2,
  undefined: 3,
  null: 4,
  true: 5,
  false: 6,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

const HEADER = 32;

/** The kind of frame that carries this value without a payload. */
export function smallKind(value: unknown): FrameKind | undefined {
  if (typeof value === "number") return FRAME.number;
  if (value === undefined) return FRAME.undefined;
  if (value === null) return FRAME.null;
  return typeof value === "boolean" ? FRAME[value ? "true" : "false"] : undefined;
}

/** The value of a frame of {@link smallKind}. */
export function smallValue(kind: FrameKind, x: number): unknown {
  switch (kind) {
    case FRAME.number:
      return x;
    case FRAME.null:
      return null;
    case FRAME.true:
      return true;
    case FRAME.false:
      return false;
    default:
      return undefined;
  }
}

/** Collects frames and writes them to a descriptor, all at once. */
export class FrameWriter {
  readonly #fd: number;
  #buffer: Buffer = Buffer.alloc(4096);
  #length = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  frame(kind: FrameKind, slot: number, x: number, y: number, payload?: Uint8Array): void {
    const at = this.#length;
    this.#length += HEADER + (payload?.length ?? 0);
    if (this.#length > this.#buffer.length) this.#grow(at);
    this.#buffer.writeUInt32LE(payload?.length ?? 0, at);
    this.#buffer.writeUInt8(kind, at + 4);
    this.#buffer.writeInt32LE(slot, at + 8);
    this.#buffer.writeDoubleLE(x, at + 16);
    this.#buffer.writeDoubleLE(y, at + 24);
    if (payload !== undefined) this.#buffer.set(payload, at + HEADER);
  }

  /** @throws what V8's serialiser throws when a part of the message cannot be cloned; nothing is kept of it then. */
  message(message: unknown): void {
    this.frame(FRAME.message, 0, 0, 0, serializer().serialize(message));
  }

  flush(): void {
    let written = 0;
    while (written < this.#length) {
      try {
        written += writeSync(this.#fd, this.#buffer, written, this.#length - written);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // The pool is gone, and with it everybody who could be told of anything.
        if (code === "EPIPE" || code === "ECONNRESET") process.exit(1);
        // A pipe that is full and does not block. The pool reads as soon as it can; there is nothing else to do here.
        if (code !== "EAGAIN") throw error;
        park(1);
      }
    }
    this.#length = 0;
    if (this.#buffer.length > 1024 * 1024) this.#buffer = Buffer.alloc(4096);
  }

  #grow(used: number): void {
    const larger = Buffer.alloc(Math.max(this.#length, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, used);
    this.#buffer = larger;
  }
}

/** A message as one frame, for a stream. */
export function encodeMessage(message: unknown): Buffer {
  const payload = serializer().serialize(message);
  const frame = Buffer.alloc(HEADER + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.set(payload, HEADER);
  return frame;
}

export interface FrameHandler {
  message(message: unknown): void;
  small(kind: FrameKind, slot: number, x: number, y: number): void;
}

/** Puts frames together again from what a stream gives. */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** The beginning of a frame whose rest has not come. */
  #parts: Buffer[] = [];
  #length = 0;
  #needed = HEADER;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    // Joined only once enough is there: a large result would otherwise be copied once for each of its chunks.
    if (this.#length < this.#needed) return;
    const [only] = this.#parts;
    const bytes = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#length);
    const rest = this.#read(bytes);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
  }

  #read(bytes: Buffer): Buffer {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.#needed = left < HEADER ? HEADER : HEADER + view.getUint32(at, true);
      if (left < this.#needed) return bytes.subarray(at);
      const kind = view.getUint8(at + 4) as FrameKind;
      if (kind === FRAME.message)
        this.#handler.message(serializer().deserialize(bytes.subarray(at + HEADER, at + this.#needed)));
      else
        this.#handler.small(
          kind,
          view.getInt32(at + 8, true),
          view.getFloat64(at + 16, true),
          view.getFloat64(at + 24, true),
        );
      at += this.#needed;
    }
  }
}
