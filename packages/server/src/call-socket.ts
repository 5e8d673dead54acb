/** One WebSocket: several calls at once, their progress, their outcomes.
 *
 *  Guarantees: each call that is received has exactly one `result` or `error`, unless the socket closes first; then all its
 *  calls are stopped. A client that does not read is not read from, and progress reports are dropped for it, outcomes never. A peer that has
 *  vanished is found out by its missing pong. */
import type { WebSocket } from "@fastify/websocket";
import { CancelledError } from "manyhands";
import type { Call, Calls } from "./calls.js";
import { shown } from "./job.js";
import { encode, JsonFormError } from "./json-form.js";
import type { CallId, FromClient, ToClient } from "./message.js";
import { checkMessage, idOf, readMessage } from "./message.js";
import type { Audience } from "./problem.js";
import { problemOfCall, RefusedError } from "./problem.js";

/** Bytes that may wait to be sent before the client is not listened to any more. */
const HIGH_WATER = 1 << 20;
const PING_MS = 30_000;

export interface SocketOptions {
  readonly calls: Calls;
  readonly client: string;
  readonly audience: Audience;
  /** Throws RefusedError (`ERR_RATE`) when the client calls too often. */
  takeTurn(): Promise<void>;
}

/** Where a call stands that has not ended: it may be cancelled before the executor has it. */
interface Entry {
  readonly leave: AbortController;
  call: Call | undefined;
}

export class CallSocket {
  readonly #socket: WebSocket;
  readonly #options: SocketOptions;
  readonly #entries = new Map<CallId, Entry>();
  #peer: "heard" | "silent" = "heard";

  constructor(socket: WebSocket, options: SocketOptions) {
    this.#socket = socket;
    this.#options = options;
    const timer = setInterval(() => this.#ping(), PING_MS).unref();
    socket.on("message", (data, isBinary) => this.#receive(String(data), isBinary ? "binary" : "text"));
    socket.on("pong", () => {
      this.#peer = "heard";
    });
    // A broken connection also closes.
    socket.on("error", () => socket.terminate());
    socket.once("close", () => {
      clearInterval(timer);
      for (const entry of this.#entries.values()) stop(entry, "the client has left");
    });
  }

  #receive(text: string, kind: "text" | "binary"): void {
    let id: CallId | null = null;
    try {
      if (kind === "binary") throw new RefusedError("ERR_BAD_REQUEST", "Messages are text");
      const message = parsed(text);
      id = idOf(message);
      this.#act(checkMessage(message));
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #act(message: FromClient): void {
    const { id } = message;
    const known = this.#entries.get(id);
    if (message.type === "cancel") {
      // One that has ended meanwhile is answered already.
      if (known !== undefined) stop(known, "the client cancelled");
      return;
    }
    if (known !== undefined) throw new RefusedError("ERR_BAD_REQUEST", "The call of this id has not ended yet");
    const entry: Entry = { leave: new AbortController(), call: undefined };
    this.#entries.set(id, entry);
    this.#call(message, entry).then(
      (value) => {
        this.#entries.delete(id);
        this.#answer(id, value);
      },
      (error: unknown) => {
        this.#entries.delete(id);
        this.#fail(id, error);
      },
    );
  }

  async #call(message: Extract<FromClient, { type: "call" }>, entry: Entry): Promise<unknown> {
    const { calls, client, takeTurn } = this.#options;
    await takeTurn();
    entry.leave.signal.throwIfAborted();
    const call = await calls.begin(message.function, message.args, client, entry.leave.signal);
    entry.call = call;
    call.future.onProgress((value) => this.#progress(message.id, value));
    return await call.future;
  }

  #answer(id: CallId, value: unknown): void {
    try {
      this.#send({ type: "result", id, ...(value === undefined ? {} : { value: encode(value) }) });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #fail(id: CallId | null, error: unknown): void {
    this.#send({ type: "error", id, error: problemOfCall(error, this.#options.audience) });
  }

  #progress(id: CallId, value: unknown): void {
    if (this.#socket.bufferedAmount < HIGH_WATER) this.#send({ type: "progress", id, value: shown(value) });
  }

  #send(message: ToClient): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(message), () => {
      if (socket.isPaused && socket.bufferedAmount < HIGH_WATER) socket.resume();
    });
    if (socket.bufferedAmount >= HIGH_WATER && !socket.isPaused) socket.pause();
  }

  #ping(): void {
    // One that is not read from cannot be heard.
    if (this.#socket.isPaused) return;
    if (this.#peer === "silent") this.#socket.terminate();
    this.#peer = "silent";
    this.#socket.ping();
  }
}

function stop({ leave, call }: Entry, reason: string): void {
  leave.abort(new CancelledError("The call was cancelled before it began", { cause: reason }));
  call?.future.abort(reason);
}

function parsed(text: string): unknown {
  try {
    return readMessage(text);
  } catch (error) {
    throw error instanceof JsonFormError ? new RefusedError("ERR_BAD_REQUEST", error.message) : error;
  }
}
