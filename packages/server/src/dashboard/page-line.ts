/** The connection to one page.
 *
 *  Guarantees: a page that reads more slowly than it is told gets no more deltas until it has read what it was sent, and then
 *  a snapshot, so that no more than `HIGH_WATER` and one message wait for it; a page that has vanished is found out by its
 *  missing pong. */

/** What is needed of a WebSocket. */
export interface PageSocket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: "pong" | "close" | "error" | "message", listener: () => void): unknown;
}

/** Bytes that may wait to be read by a page. */
export const HIGH_WATER: number = 1 << 20;
const PING_MS = 30_000;
/** RFC 6455: a message that goes against the endpoint's policy. */
const POLICY = 1008;

export class PageLine {
  readonly #socket: PageSocket;
  #state: "following" | "behind" = "following";
  #peer: "heard" | "silent" = "heard";

  /** @param left is called once, when the connection is over. */
  constructor(socket: PageSocket, left: () => void) {
    this.#socket = socket;
    const timer = setInterval(() => this.#ping(), PING_MS).unref();
    socket.on("pong", () => {
      this.#peer = "heard";
    });
    socket.on("message", () => socket.close(POLICY, "nothing is read here"));
    // A broken connection also closes.
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      clearInterval(timer);
      left();
    });
  }

  /** Sends a delta, or, to a page that was behind and has caught up, the snapshot that stands for it and all before. */
  tell(delta: string, snapshot: () => string): void {
    const { bufferedAmount } = this.#socket;
    if (this.#state === "behind") {
      if (bufferedAmount > 0) return;
      this.#state = "following";
      this.send(snapshot());
    } else if (bufferedAmount > HIGH_WATER) this.#state = "behind";
    else this.send(delta);
  }

  send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  /** Behind the last message. */
  close(): void {
    this.#socket.close(1001, "the server is ending");
  }

  #ping(): void {
    if (this.#peer === "silent") this.#socket.terminate();
    this.#peer = "silent";
    this.#socket.ping();
  }
}
