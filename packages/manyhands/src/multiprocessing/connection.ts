/** `Connection`: an end of a pipe, as `Pipe` gives it.
 *
 *  Guarantees: as {@link ConnectionLike} says. A message is in the pipe wholly or not at all, and is received once, whatever
 *  worker dies; what a receiver had in its hands dies with it. */
import {
  BrokenPipeError,
  CancelledError,
  InvalidOptionError,
  InvalidStateError,
  SerializationError,
  TimeoutError,
} from "../base/errors.js";
import { checkDuration } from "../base/options.js";
import { Empty, Full, ShutDown } from "../base/queue-errors.js";
import { serializer } from "../base/serializer.js";
import { refuseCopies, SHAREABLE, type Travel } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { Item, KIND } from "../memory/item.js";
import { packMessage } from "../queue/pack.js";
import type { EndCore } from "../sync/pipe-core.js";
import { ConnectionClosedError, EOFError } from "./connection-errors.js";
import type { ConnectionLike } from "./connection-like.js";
import { BufferTooShort } from "./pipe-errors.js";

/** What an end may be used for. */
export type Ways = "both" | "receive" | "send";

/** What a connection stands on. */
export interface MadeEnd {
  readonly core: EndCore;
  readonly travel: Travel;
  readonly ways: Ways;
}

const NO_LIMITS: WaitOptions = {};

/** Closes what was dropped without being closed, as Python does; but nobody knows when, so close it. */
const dropped = new FinalizationRegistry<EndCore>((core) => core.close());

/** One end of a pipe. Made by {@link Pipe}.
 *
 *  It is shared when it goes to a worker: the worker has a copy of the end, as a child process in Python has. The other end
 *  is told that this one is closed when every copy is: close those that you do not use. The copies of a thread or process
 *  end with it; one that is dropped is closed when its garbage is collected.
 *
 *  Messages wait on their way in 64 KiB of memory, a longer one alone; then `send` waits. What is in several hands is not
 *  mixed up: each message goes to one receiver.
 *
 *  @example
 *  ```ts
 *  const [here, there] = Pipe();
 *  const answer = pool.submit(work, there);
 *  await here.send({ job: 1 });
 *  console.log(await here.recv());
 *  ``` */
export class Connection implements ConnectionLike {
  readonly #made: MadeEnd;
  /** Aborts when this copy is closed: for those who wait. */
  readonly #closing = new AbortController();

  /** @internal */
  constructor(made: MadeEnd) {
    refuseCopies(this);
    this.#made = made;
    dropped.register(this, made.core, this);
  }

  /** Whether this copy of the end was closed. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Whether messages can be received here. */
  get readable(): boolean {
    return this.#made.ways !== "send";
  }

  /** Whether messages can be sent from here. */
  get writable(): boolean {
    return this.#made.ways !== "receive";
  }

  /** Sends a value, copied as it is now. Waits while the pipe is full.
   *
   *  Cancelling sends nothing: the message is not received later.
   *  @param value - anything that structured clone can copy
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @throws SerializationError (`ERR_SERIALIZATION`) naming the part that cannot be copied, BrokenPipeError
   *    (`ERR_BROKEN_PIPE`) when the other end is closed, ConnectionClosedError (`ERR_CONNECTION_CLOSED`) when this one is,
   *    InvalidStateError (`ERR_INVALID_STATE`) when it only receives, TimeoutError (`ERR_TIMEOUT`), CancelledError
   *    (`ERR_CANCELLED`)
   *  @example
   *  ```ts
   *  await connection.send(["ready", process.pid]);
   *  ``` */
  async send(value: unknown, options: WaitOptions = NO_LIMITS): Promise<void> {
    this.#check("send");
    await this.#send(packMessage(value), options);
  }

  /** Sends bytes as one message, copied as they are now. No bytes are a message too. Otherwise like {@link send}.
   *  @example
   *  ```ts
   *  await connection.sendBytes(new TextEncoder().encode("ready"));
   *  ``` */
  async sendBytes(bytes: Uint8Array, options: WaitOptions = NO_LIMITS): Promise<void> {
    this.#check("send");
    await this.#send(bytesItem(bytes), options);
  }

  /** As {@link send}, parking this thread.
   *  @param timeout - the longest wait in ms */
  sendSync(value: unknown, timeout: number = Number.POSITIVE_INFINITY): void {
    this.#check("send");
    checkDuration("timeout", timeout);
    const message = packMessage(value);
    this.#translated("send", timeout, () => this.#made.core.sendSync(message, timeout));
  }

  /** Waits for the next message.
   *
   *  Cancelling takes nothing: the next `recv` gets the message.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @returns the value that was sent
   *  @throws EOFError (`ERR_EOF`) when the other end is closed and nothing is left, ConnectionClosedError
   *    (`ERR_CONNECTION_CLOSED`) when this one is, also during the wait, InvalidStateError (`ERR_INVALID_STATE`) when it only
   *    sends, SerializationError (`ERR_SERIALIZATION`) when bytes came that are no value, TimeoutError (`ERR_TIMEOUT`),
   *    CancelledError (`ERR_CANCELLED`)
   *  @example
   *  ```ts
   *  const message = await connection.recv({ timeout: 1000 });
   *  ``` */
  async recv(options: WaitOptions = NO_LIMITS): Promise<unknown> {
    return decoded(await this.#receive(options));
  }

  /** Waits for the next message. Otherwise like {@link recv}.
   *  @returns the bytes that were sent; those of its serialisation for what was sent as a value
   *  @example
   *  ```ts
   *  const bytes = await connection.recvBytes();
   *  ``` */
  async recvBytes(options: WaitOptions = NO_LIMITS): Promise<Uint8Array> {
    return bytesOf(await this.#receive(options));
  }

  /** Waits for the next message and writes it into a buffer. Otherwise like {@link recv}.
   *  @param buffer - where it goes
   *  @param offset - where it begins there, in bytes
   *  @returns how many bytes it has
   *  @throws BufferTooShort (`ERR_BUFFER_TOO_SHORT`), which carries the message, when there is no room for it
   *  @example
   *  ```ts
   *  const length = await connection.recvBytesInto(buffer);
   *  ``` */
  async recvBytesInto(buffer: Uint8Array, offset = 0, options: WaitOptions = NO_LIMITS): Promise<number> {
    if (!Number.isInteger(offset) || offset < 0 || offset > buffer.length) {
      const range = `a whole number from 0 to ${buffer.length}`;
      throw new InvalidOptionError("offset", `offset must be ${range}, got ${String(offset)}`);
    }
    const bytes = bytesOf(await this.#receive(options));
    if (bytes.length > buffer.length - offset) throw new BufferTooShort(bytes, buffer.length - offset);
    buffer.set(bytes, offset);
    return bytes.length;
  }

  /** As {@link recv}, parking this thread.
   *  @param timeout - the longest wait in ms */
  recvSync(timeout: number = Number.POSITIVE_INFINITY): unknown {
    this.#check("receive");
    checkDuration("timeout", timeout);
    return decoded(this.#translated("receive", timeout, () => this.#made.core.receiveSync(timeout)));
  }

  /** Whether `recv` would not wait. Takes nothing.
   *  @param options - waits for that at most `timeout` ms; 0 unless given: a look
   *  @throws ConnectionClosedError (`ERR_CONNECTION_CLOSED`) when this end is closed, InvalidStateError (`ERR_INVALID_STATE`)
   *    when it only sends, CancelledError (`ERR_CANCELLED`)
   *  @example
   *  ```ts
   *  if (await connection.poll()) console.log(await connection.recv());
   *  ``` */
  async poll(options: WaitOptions = NO_LIMITS): Promise<boolean> {
    this.#check("receive");
    checkLimits(options);
    const limits = { timeout: 0, ...options };
    return this.#waiting("receive", limits, (limited) => this.#made.core.whenReady(limited));
  }

  /** Whether `recv` would not wait; for `connection.wait`. */
  isReady(): boolean {
    return this.closed || this.#made.core.ready();
  }

  /** Waits until `recv` would not wait; for `connection.wait`. */
  async whenReady(options: { readonly signal: AbortSignal }): Promise<void> {
    this.#check("receive");
    await this.#waiting("receive", options, (limited) => this.#made.core.whenReady(limited));
  }

  /** Closes this copy of the end; what was sent still arrives. May be called again.
   *  @example
   *  ```ts
   *  connection.close();
   *  ``` */
  close(): void {
    if (this.closed) return;
    dropped.unregister(this);
    this.#made.core.close();
    this.#closing.abort();
  }

  /** As `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    if (this.closed)
      throw new ConnectionClosedError("Cannot send the connection to a worker: this end of it is closed");
    return this.#made.travel;
  }

  async #send(message: Item, options: WaitOptions): Promise<void> {
    await this.#waiting("send", options, (limited) => this.#made.core.send(message, limited));
  }

  #receive(options: WaitOptions): Promise<Item> {
    this.#check("receive");
    return this.#waiting("receive", options, (limited) => this.#made.core.receive(limited));
  }

  #check(verb: "send" | "receive"): void {
    if (this.closed) throw new ConnectionClosedError();
    if (verb === "send" ? this.writable : this.readable) return;
    const only = verb === "send" ? "receives" : "sends";
    throw new InvalidStateError(`Cannot ${verb}: this end of a one-way pipe only ${only}`);
  }

  /** Does something that may wait, until this copy is closed at the latest. */
  async #waiting<T>(
    verb: "send" | "receive",
    options: WaitOptions,
    act: (limited: WaitOptions) => T | Promise<T>,
  ): Promise<T> {
    checkLimits(options);
    const { timeout, signal } = options;
    const closing = this.#closing.signal;
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    try {
      return await act(timeout === undefined ? { signal: either } : { timeout, signal: either });
    } catch (error) {
      throw this.#failure(verb, timeout, error, signal);
    }
  }

  #translated<T>(verb: "send" | "receive", timeout: number, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw this.#failure(verb, timeout, error, undefined);
    }
  }

  /** What a queue refuses, in the words of a connection. */
  #failure(
    verb: "send" | "receive",
    timeout: number | undefined,
    error: unknown,
    signal: AbortSignal | undefined,
  ): unknown {
    if (this.closed && (error instanceof ShutDown || (error instanceof CancelledError && signal?.aborted !== true))) {
      return new ConnectionClosedError("This end of the connection was closed during the wait");
    }
    if (error instanceof ShutDown) return verb === "send" ? new BrokenPipeError() : new EOFError();
    if (error instanceof Empty)
      return new TimeoutError(`Nothing has come within ${timeout} ms; the next recv gets what comes`);
    if (error instanceof Full) return new TimeoutError(`The pipe had no room within ${timeout} ms; nothing was sent`);
    return error;
  }
}

function bytesItem(bytes: Uint8Array): Item {
  if (ArrayBuffer.isView(bytes)) return Item.ofBytes(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  throw new InvalidOptionError("bytes", "sendBytes takes a Uint8Array");
}

function decoded(message: Item): unknown {
  if (message.kind !== KIND.bytes) return message.value();
  try {
    return serializer().deserialize(message.value() as Uint8Array);
  } catch (error) {
    const text = "What has come is no value: it was sent by sendBytes, so receive it by recvBytes";
    throw new SerializationError("message", text, { cause: error });
  }
}

function bytesOf(message: Item): Uint8Array {
  const value = message.value();
  return message.kind === KIND.bytes ? (value as Uint8Array) : serializer().serialize(value);
}
