/** Frames on the pipes between a pool and its worker processes.
 *
 *  Guarantees: frames arrive whole and in order, however the pipe cuts them; what is no frame is told as such; what the worker posts is in the kernel's
 *  hands before it goes on (one synchronous `write`): Node's own channel would keep it in a process that may be dying.
 *  Calls whose every part is a number travel without a serialiser.
 *
 *  Layout, little-endian: payload length u32, kind u32, x f64, y f64, payload. */
import { writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { InvalidStateError } from "../base/errors.js";
import { serializer } from "../base/serializer.js";
import { type Place, park } from "../memory/mod.js";

export const FRAME = {
  /** The payload is a message in V8's serialisation. For an outcome, x is its start and y its duration. */
  message: 0,
  /** Outcomes stand in the ring: look. */
  look: 1,
  /** The calls of a `calls` message, a flat array of V8's serialisation, int32s or doubles. x is the token of the last.
   *  y is the place of the payload in the call file, or -1: then it follows. */
  calls: 2,
  callsOfIntegers: 3,
  callsOfDoubles: 4,
} as const;

const LAST_KIND = FRAME.callsOfDoubles;

const HEADER = 24;
/** Calls of fewer bytes are on their way sooner in the frame itself. */
const WORTH_PLACING = 2048;
const NOTHING = new Uint8Array(0);

/** Collects frames and writes them to a descriptor, all at once. */
export class FrameWriter {
  readonly #fd: number;
  readonly #header = Buffer.alloc(HEADER);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws what V8's serialiser throws when a part of the message cannot be cloned; nothing is written then. */
  message(message: unknown, x: number, y: number): void {
    const payload = serializer().serialize(message);
    this.#write(writeHeader(Buffer.allocUnsafe(HEADER + payload.length), FRAME.message, payload, x, y));
  }

  look(): void {
    this.#header.writeUInt32LE(FRAME.look, 4);
    this.#write(this.#header);
  }

  #write(bytes: Buffer): void {
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(this.#fd, bytes, written, bytes.length - written);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // The pool is gone, and with it everybody who could be told of anything.
        if (code === "EPIPE" || code === "ECONNRESET") process.exit(1);
        // A pipe that is full and does not block. The pool reads as soon as it can; there is nothing else to do here.
        if (code !== "EAGAIN") throw error;
        park(1);
      }
    }
  }
}

function writeHeader(frame: Buffer, kind: number, payload: Uint8Array, x: number, y: number): Buffer {
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(kind, 4);
  frame.writeDoubleLE(x, 8);
  frame.writeDoubleLE(y, 16);
  frame.set(payload, HEADER);
  return frame;
}

/** A message as one frame, for a stream. */
export function encodeMessage(message: unknown): Buffer {
  const payload = serializer().serialize(message);
  return writeHeader(Buffer.allocUnsafe(HEADER + payload.length), FRAME.message, payload, 0, 0);
}

/** The flat array of a `calls` message as one frame.
 *  @param last the token of the last call sent.
 *  @param put puts a payload elsewhere, and says where; -1 when it cannot. */
export function encodeCalls(calls: readonly unknown[], last: number, put: (payload: Uint8Array) => Place): Buffer {
  const numbers = integers(calls) ?? doubles(calls);
  const kind =
    numbers === undefined ? FRAME.calls : numbers instanceof Int32Array ? FRAME.callsOfIntegers : FRAME.callsOfDoubles;
  const payload =
    numbers === undefined
      ? serializer().serialize(calls)
      : new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const place = payload.length < WORTH_PLACING ? -1 : put(payload);
  const inside = place < 0 ? payload : NOTHING;
  return writeHeader(Buffer.allocUnsafe(HEADER + inside.length), kind, inside, last, place);
}

function integers(values: readonly unknown[]): Int32Array | undefined {
  const numbers = new Int32Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== "number") return undefined;
    numbers[index] = value;
    // Not the same: a fraction, a number too large, or a zero with a sign.
    if (!Object.is(numbers[index], value)) return undefined;
  }
  return numbers;
}

function doubles(values: readonly unknown[]): Float64Array | undefined {
  const numbers = new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== "number") return undefined;
    numbers[index] = value;
  }
  return numbers;
}

/** The flat array again. */
export function decodeCalls(kind: number, payload: Buffer): unknown[] {
  if (kind === FRAME.calls) return serializer().deserialize(payload) as unknown[];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const width = kind === FRAME.callsOfIntegers ? 4 : 8;
  const calls = new Array<unknown>(payload.length / width);
  if (width === 4) for (let at = 0; at < calls.length; at += 1) calls[at] = view.getInt32(at * 4, true);
  else for (let at = 0; at < calls.length; at += 1) calls[at] = view.getFloat64(at * 8, true);
  return calls;
}

/** What came is no frame. A task can write to any descriptor of its process, also by mistake. */
export class GarbledError extends InvalidStateError {
  constructor(options?: ErrorOptions) {
    super(
      "What the process wrote to its parent cannot be read: something else wrote to the library's descriptor",
      options,
    );
  }
}

/** The message of a frame. @throws GarbledError */
export function decodeMessage(payload: Buffer): unknown {
  try {
    return serializer().deserialize(payload);
  } catch (cause) {
    throw new GarbledError({ cause });
  }
}

/** Reads the frames that a child writes.
 *  @param garbled called once when one cannot be read; nothing of what follows is. */
export function readFrames(pipe: Readable, handler: FrameHandler, garbled: (error: GarbledError) => void): void {
  const reader = new FrameReader(handler);
  pipe.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof GarbledError)) throw error;
      pipe.destroy();
      garbled(error);
    }
  });
}

/** What becomes of a frame. The payload is good only during the call. */
export type FrameHandler = (kind: number, x: number, y: number, payload: Buffer) => void;

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
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      if (left >= HEADER && bytes.readUInt32LE(at + 4) > LAST_KIND) throw new GarbledError();
      this.#needed = left < HEADER ? HEADER : HEADER + bytes.readUInt32LE(at);
      if (left < this.#needed) return bytes.subarray(at);
      const payload = bytes.subarray(at + HEADER, at + this.#needed);
      this.#handler(bytes.readUInt32LE(at + 4), bytes.readDoubleLE(at + 8), bytes.readDoubleLE(at + 16), payload);
      at += this.#needed;
    }
  }
}
