/** `SocketConnection`: an end of a connection over a socket, as `Listener` and `Client` give it.
 *
 *  Guarantees: as {@link ConnectionLike} says. It reads ahead at most 1 MB and one message, then the sender has to wait. It keeps
 *  the program alive while somebody waits for it, and not otherwise. */
import type { Socket } from "node:net";
import { BrokenPipeError, InvalidOptionError, SerializationError, TimeoutError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
import { serializer } from "../base/serializer.js";
import { refuseAborted, type WaitOptions, waitFor } from "../base/wait-options.js";
import { inspectValue } from "../wire/values.js";
import { AuthenticationError, ConnectionClosedError, EOFError } from "./connection-errors.js";
import type { ConnectionLike } from "./connection-like.js";
import { CHALLENGE } from "./handshake.js";
import { headOf, MessageReader } from "./message-reader.js";

/** Bytes that are read ahead before the sender has to wait. */
const AHEAD = 1 << 20;

/** Open; the other end gone, `cause` when not by closing; closed here. */
type State =
  | { readonly kind: "open" }
  | { readonly kind: "ended"; readonly cause: unknown }
  | { readonly kind: "closed" };

/** One end of a connection. Whoever has the other end may be anywhere. Made by {@link Listener.accept} and {@link Client}.
 *
 *  @example
 *  ```ts
 *  using connection = await Client(address, { authkey });
 *  await connection.send({ question: 6 * 7 });
 *  console.log(await connection.recv({ timeout: 1000 }));
 *  ``` */
export class SocketConnection implements ConnectionLike {
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  #state: State = { kind: "open" };
  readonly #inbox = new RingQueue<Uint8Array>();
  #ahead = 0;
  /** Those who wait for a message, in order; they get it. */
  readonly #receivers = new Set<(message: Uint8Array | undefined) => void>();
  /** Those who wait for there being one, or for room. */
  readonly #watchers = new Set<() => void>();
  #waits = 0;

  /** @internal @param limit the longest message to take at first. */
  constructor(socket: Socket, limit: number) {
    this.#socket = socket;
    this.#reader = new MessageReader(limit, (message) => this.#arrive(message));
    socket.unref();
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("drain", () => this.#wakeWatchers());
    socket.on("error", (error) => this.#ended(error));
    // "end": it sends no more. "close": also after an error.
    socket.on("end", () => this.#ended(undefined));
    socket.on("close", () => this.#ended(undefined));
  }

  /** @internal From now on messages may have any length. */
  trust(): void {
    this.#reader.limit = Number.POSITIVE_INFINITY;
  }

  get closed(): boolean {
    return this.#state.kind === "closed";
  }

  async send(value: unknown, options?: WaitOptions): Promise<void> {
    this.#checkWritable();
    inspectValue(value, "value", "process");
    await this.#write(serializer().serialize(value), options);
  }

  async sendBytes(bytes: Uint8Array, options?: WaitOptions): Promise<void> {
    this.#checkWritable();
    if (!ArrayBuffer.isView(bytes)) throw new InvalidOptionError("bytes", "sendBytes takes a Uint8Array");
    // A copy: the caller may go on to change the bytes, and the socket may send them later.
    await this.#write(Uint8Array.prototype.slice.call(bytes), options);
  }

  async #write(bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    refuseAborted(options);
    const socket = this.#socket;
    socket.cork();
    socket.write(headOf(bytes.length));
    socket.write(bytes);
    socket.uncork();
    if (!socket.writableNeedDrain) return;
    const room = (): boolean => this.#state.kind !== "open" || !socket.writableNeedDrain;
    if (!(await this.#watch(room, options))) {
      throw new TimeoutError(`The other end has not made room within ${options.timeout} ms; the message is on its way`);
    }
    this.#checkWritable();
  }

  async recv(options?: WaitOptions): Promise<unknown> {
    const bytes = await this.recvBytes(options);
    try {
      return serializer().deserialize(bytes);
    } catch (error) {
      if (Buffer.from(bytes.buffer).subarray(0, CHALLENGE.length).equals(CHALLENGE)) {
        throw new AuthenticationError("The listener wants an authkey: give it to Client", { cause: error });
      }
      const text = "What has come is no value: it was sent by sendBytes, so receive it by recvBytes";
      throw new SerializationError("message", text, { cause: error });
    }
  }

  async recvBytes(options: WaitOptions = {}): Promise<Uint8Array> {
    refuseAborted(options);
    const message = this.#take() ?? (await this.#receive(options));
    if (message !== undefined) return message;
    if (this.#state.kind === "closed") throw new ConnectionClosedError();
    const cause = this.#state.kind === "ended" ? this.#state.cause : undefined;
    const amid = this.#reader.amid ? "The other end went away amid a message" : undefined;
    throw new EOFError(amid, cause === undefined ? {} : { cause });
  }

  /** The next message; `undefined` when there will be none. */
  async #receive(options: WaitOptions): Promise<Uint8Array | undefined> {
    if (this.#state.kind !== "open") return undefined;
    let got: Uint8Array | undefined;
    const waited = await this.#hold(options, (ready) => {
      const receiver = (message: Uint8Array | undefined): void => {
        got = message;
        ready();
      };
      this.#receivers.add(receiver);
      return { [Symbol.dispose]: () => void this.#receivers.delete(receiver) };
    });
    if (waited === "ready") return got;
    throw new TimeoutError(`Nothing has come within ${options.timeout} ms; the next recv gets what comes`);
  }

  async poll(options: WaitOptions = {}): Promise<boolean> {
    if (this.#state.kind === "closed") throw new ConnectionClosedError();
    // What the system has received already is read in the next turn of the event loop.
    if (!this.isReady()) await new Promise<void>((resolve) => setImmediate(resolve));
    const ready = await this.#watch(() => this.isReady(), { timeout: 0, ...options });
    if (this.closed) throw new ConnectionClosedError();
    return ready;
  }

  isReady(): boolean {
    return this.#inbox.length > 0 || this.#state.kind !== "open";
  }

  async whenReady(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#watch(() => this.isReady(), options);
  }

  close(): void {
    if (this.#state.kind === "closed") return;
    const { kind } = this.#state;
    this.#state = { kind: "closed" };
    while (this.#inbox.shift() !== undefined);
    // Not destroyed, which would take back what is still to be sent. What comes is read and dropped: closed over unread
    // bytes, a socket is reset, and with it what the other end has not read.
    if (kind === "open") this.#socket.end();
    this.#socket.resume();
    this.#wakeAll();
  }

  /** @internal For a stranger: nothing is to be sent any more. */
  destroy(): void {
    this.close();
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkWritable(): void {
    if (this.#state.kind === "closed") throw new ConnectionClosedError();
    if (this.#state.kind === "open") return;
    throw new BrokenPipeError(undefined, this.#state.cause === undefined ? {} : { cause: this.#state.cause });
  }

  #read(chunk: Buffer): void {
    if (this.#state.kind === "closed") return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#socket.destroy();
      this.#ended(error);
    }
  }

  #arrive(message: Uint8Array): void {
    if (this.#state.kind === "closed") return;
    const [receiver] = this.#receivers;
    if (receiver !== undefined) {
      this.#receivers.delete(receiver);
      return receiver(message);
    }
    this.#inbox.push(message);
    this.#ahead += message.length;
    if (this.#ahead >= AHEAD) this.#socket.pause();
    this.#wakeWatchers();
  }

  #take(): Uint8Array | undefined {
    const message = this.#inbox.shift();
    this.#ahead -= message?.length ?? 0;
    if (message !== undefined && this.#ahead < AHEAD && this.#socket.isPaused()) this.#socket.resume();
    return message;
  }

  #ended(cause: unknown): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "ended", cause };
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const receiver of [...this.#receivers]) receiver(undefined);
    this.#wakeWatchers();
  }

  #wakeWatchers(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until `there`, which is asked again whenever something has changed. @returns false when the time was over. */
  async #watch(there: () => boolean, options: WaitOptions): Promise<boolean> {
    const waited = await this.#hold(options, (ready) => {
      const watcher = (): void => {
        if (there()) ready();
      };
      this.#watchers.add(watcher);
      watcher();
      return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
    });
    return waited === "ready";
  }

  /** Keeps the program alive while somebody waits. */
  async #hold(options: WaitOptions, subscribe: (ready: () => void) => Disposable): Promise<"ready" | "timed-out"> {
    this.#waits += 1;
    this.#socket.ref();
    try {
      return await waitFor(subscribe, options);
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0) this.#socket.unref();
    }
  }
}
