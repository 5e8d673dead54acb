/** This thread's line to the owner of objects that it uses: one for each owner, shared by all its objects.
 *
 *  Guarantees: messages reach the owner in the order in which they are sent, also around calls that park this thread; every
 *  call ends, with OwnerGoneError when the line breaks; a call that waits keeps the program alive, an idle line does not. */
import type { Socket } from "node:net";
import { CancelledError, OwnerGoneError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import { decodeError } from "../wire/errors.js";
import { serializationError } from "../wire/values.js";
import { askBridge } from "./bridge.js";
import type { PassUse } from "./given.js";
import { type Carried, type ClientMessage, type Hello, type Numbered, type OwnerMessage, passOf } from "./messages.js";
import { encode, encodeCarrying, MessageReader, taken } from "./stream.js";

/** A call that waits for its answer. */
interface Asked {
  readonly call: number;
  readonly line: OwnerLine;
  readonly signal: AbortSignal | undefined;
  /** Kept until the answer is there: whose call it is must not be taken for unused meanwhile. */
  readonly asker: object;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

const aborts = new SignalWatch<Asked>(({ line, call }) => line.cancel(call));
const lines = new Map<string, OwnerLine>();

/** The line to the owner at that place. */
export function lineTo(path: string, key: string): OwnerLine {
  let line = lines.get(path);
  if (line === undefined) {
    line = new OwnerLine(path, key);
    lines.set(path, line);
  }
  return line;
}

export class OwnerLine {
  readonly #path: string;
  readonly #key: string;
  readonly #client: string = process.getBuiltinModule("node:crypto").randomBytes(16).toString("hex");
  readonly #socket: Socket;
  readonly #asked = new Map<number, Asked>();
  /** What the system has not taken yet, by number. */
  readonly #unsent = new Map<number, Buffer>();
  #number = 0;
  #call = 0;
  #session = 0;
  #lost: OwnerGoneError | undefined;

  constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
    const socket = process.getBuiltinModule("node:net").connect(path);
    this.#socket = socket;
    const reader = new MessageReader((message) => this.#receive(message as OwnerMessage));
    socket.unref();
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        // What follows cannot be made out any more.
        socket.destroy(error as Error);
      }
    });
    let cause: Error | undefined;
    socket.on("error", (error) => {
      cause = error;
    });
    socket.on("close", () => this.#broke(cause));
    const hello: Hello = { type: "hello", key, client: this.#client, line: "main" };
    socket.write(encode(hello));
  }

  newSession(): number {
    this.#session += 1;
    return this.#session;
  }

  /** Makes a pass for another process. */
  lend(object: number, use: PassUse): string {
    const pass = passOf(this.#client, this.#number);
    this.tell({ type: "lend", object, pass, use });
    return pass;
  }

  /** Begins to use an object. @returns its facts. */
  open(session: number, object: number, pass: string): Promise<unknown> {
    return this.#ask(this, undefined, (call) => encode(this.#numbered({ type: "open", session, object, pass, call })));
  }

  /** @throws (rejects) what the operation throws; OwnerGoneError; CancelledError when `signal` aborts before it has ended. */
  call(
    asker: object,
    session: number,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    return this.#ask(asker, signal, (call) =>
      encodeCarrying(args, "args", "once", (it) =>
        this.#numbered({ type: "call", session, call, method, args: it, answer: "main" }),
      ),
    );
  }

  /** @throws OwnerGoneError when the line is broken already; SerializationError. */
  post(session: number, method: string, args: readonly unknown[]): void {
    if (this.#lost !== undefined) throw this.#lost;
    this.#write(
      encodeCarrying(args, "args", "once", (it) => this.#numbered({ type: "post", session, method, args: it })),
    );
  }

  /** Parks this thread until the answer is there. */
  callSync(session: number, method: string, args: readonly unknown[]): unknown {
    if (this.#lost !== undefined) throw this.#lost;
    const call = this.#newCall();
    const frame = encodePlain(args, (it) =>
      this.#numbered({ type: "call", session, call, method, args: it, answer: "bridge" }),
    );
    this.#number += 1;
    const frames = [...this.#unsent.values(), frame];
    const answer = askBridge({ path: this.#path, key: this.#key, client: this.#client, call, frames });
    if (answer === "gone") throw gone(undefined);
    return answered(answer);
  }

  /** Sends what needs no answer; without the owner there is nobody to be told. */
  tell(message: ClientMessage): void {
    if (this.#lost === undefined) this.#write(encode(this.#numbered(message)));
  }

  cancel(call: number): void {
    this.tell({ type: "cancel", call });
  }

  #numbered(message: ClientMessage): Numbered {
    return { number: this.#number, message };
  }

  #newCall(): number {
    this.#call += 1;
    return this.#call;
  }

  #ask(asker: object, signal: AbortSignal | undefined, frame: (call: number) => Buffer): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const call = this.#newCall();
      // Before anything is noted: it throws when an argument cannot leave.
      const bytes = frame(call);
      const asked: Asked = { call, line: this, signal, asker, resolve, reject };
      this.#asked.set(call, asked);
      if (signal !== undefined) aborts.add(signal, asked);
      if (this.#asked.size === 1) this.#socket.ref();
      this.#write(bytes);
    });
  }

  #write(frame: Buffer): void {
    const number = this.#number;
    this.#number += 1;
    this.#unsent.set(number, frame);
    this.#socket.write(frame, () => this.#unsent.delete(number));
  }

  #receive(message: OwnerMessage): void {
    const asked = this.#asked.get(message.call);
    if (asked === undefined) return;
    this.#ended(asked);
    if (message.type === "cancelled") return asked.reject(cancelled(asked.signal));
    try {
      asked.resolve(answered(message));
    } catch (reason) {
      asked.reject(reason);
    }
  }

  #ended(asked: Asked): void {
    this.#asked.delete(asked.call);
    if (asked.signal !== undefined) aborts.remove(asked.signal, asked);
    if (this.#asked.size === 0) this.#socket.unref();
  }

  #broke(cause: Error | undefined): void {
    const lost = gone(cause);
    this.#lost = lost;
    if (lines.get(this.#path) === this) lines.delete(this.#path);
    this.#unsent.clear();
    for (const asked of [...this.#asked.values()]) {
      this.#ended(asked);
      asked.reject(lost);
    }
  }
}

/** For a call that parks this thread. Whoever gets a shared object may have to ask its owner at once, which may be here. */
function encodePlain(args: readonly unknown[], message: (it: Carried) => Numbered): Buffer {
  try {
    return encode(message({ type: "plain", value: args }));
  } catch (cause) {
    const error = serializationError(args, "args", "process");
    error.cause ??= cause;
    throw error;
  }
}

/** The value of an answer, or a promise of it when shared objects in it must be asked for. */
function answered(answer: OwnerMessage): unknown {
  if (answer.type === "value") return taken(answer.value);
  throw answer.type === "error" ? decodeError(answer.error) : cancelled(undefined);
}

function cancelled(signal: AbortSignal | undefined): CancelledError {
  return new CancelledError("The call to the owner of a shared object was cancelled", { cause: signal?.reason });
}

function gone(cause: Error | undefined): OwnerGoneError {
  return new OwnerGoneError(
    "The process that owns the shared object has ended: what is asked of it is lost, and whether its last answers were carried out is unknown",
    { cause },
  );
}
