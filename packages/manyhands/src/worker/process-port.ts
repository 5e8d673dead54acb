/** A worker process behind the port. See `port.ts` for the guarantees and `frames.ts` for what is on the pipes. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { FILE_SLOTS, recordValue } from "../memory/mod.js";
import { encodeError, workerExecArgv } from "../wire/mod.js";
import { encodeCalls, encodeMessage, FRAME, FrameReader } from "./frames.js";
import { HeldCalls } from "./held-calls.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK, type ToWorker, type WorkerSettings } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Recall, Ticket, WorkerPort } from "./port.js";
import { ProcessCalls } from "./process-calls.js";

export interface ProcessSettings extends WorkerSettings {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly resourceLimits?: import("node:worker_threads").ResourceLimits | undefined;
}

const ENTRY = fileURLToPath(new URL("./process-main.js", import.meta.url));

export class ProcessPort<T extends Ticket> implements WorkerPort<T> {
  readonly kind = "process";
  readonly name: string;
  readonly #held = new HeldCalls<T>(FILE_SLOTS);
  readonly #calls: ProcessCalls<T>;
  readonly #events: PortEvents<T>;
  readonly #child: ChildProcess;
  readonly #input: Duplex;
  readonly #output: Duplex;
  readonly #outbox: Outbox<T>;
  readonly #inbox: Inbox<T>;
  #phase: "starting" | "serving" | "ended" = "starting";
  #cause: unknown;

  constructor(settings: ProcessSettings, events: PortEvents<T>) {
    this.name = settings.name;
    this.#events = events;
    this.#calls = new ProcessCalls(this.#held, settings.tasksPerWorker, {
      ended: (ticket, kind, value) => this.#settle(ticket, { status: "fulfilled", value: recordValue(kind, value) }),
      returned: (ticket) => events.skipped(ticket),
      turn: () => events.turn(),
    });
    this.#inbox = new Inbox(events, this.#held, (slot, outcome) => {
      const ticket = this.#held.get(slot);
      if (ticket !== undefined) this.#settle(ticket, outcome);
    });
    this.#child = this.#start(settings);
    // Extra pipes are sockets in Node, whatever the types say of them.
    this.#input = this.#child.stdio[3] as Duplex;
    this.#output = this.#child.stdio[4] as Duplex;
    const reader = new FrameReader((kind, x, y, payload) => {
      if (kind === FRAME.message) this.#handle(deserialize(payload) as FromWorker, x, y);
    });
    this.#output.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      this.look();
    });
    // The exit says that the worker is gone; a broken pipe is only how one notices earlier.
    this.#input.on("error", () => undefined);
    this.#output.on("error", () => undefined);
    // Not `exit`: only `close` comes after everything in the pipes has been read.
    this.#child.on("close", (code, signal) => this.#ended(code, signal));
    this.#outbox = new Outbox<T>(
      {
        post: (message) => this.#post(message),
        refused: (ticket, error) => {
          this.#calls.remove(ticket);
          events.refused(ticket, error);
        },
        copied: (bytes) => events.copied(bytes),
      },
      "process",
    );
  }

  #start(settings: ProcessSettings): ChildProcess {
    let child: ChildProcess | undefined;
    try {
      child = start(settings, this.#calls.fd);
      // First of all: a process that cannot be started says so by this event, which unheard would end the program.
      child.on("error", (error) => this.#notStarted(error));
      if (child.stdio?.[4] == null) throw new Error("the system gives it no pipes (too many files are open?)");
      return child;
    } catch (error) {
      this.#phase = "ended";
      this.#calls[Symbol.dispose]();
      if (child !== undefined) killChild(child);
      throw error;
    }
  }

  get id(): number | undefined {
    return this.#child.pid;
  }

  get room(): number {
    return this.#held.room;
  }

  initialize(initializer: Initializer | undefined): void {
    this.#post({ type: "initialize", initializer });
  }

  send(tickets: readonly T[]): void {
    for (const ticket of tickets) this.#calls.add(ticket);
    this.#outbox.send(tickets);
  }

  recall(ticket: T): Recall {
    return this.#calls.recall(ticket);
  }

  startedAt(ticket: T): number | undefined {
    return this.#calls.startedAt(ticket);
  }

  cooperative(ticket: T): boolean {
    return this.#calls.cooperative(ticket);
  }

  stop(ticket: T, reason: unknown): void {
    this.#calls.requestStop(ticket);
    this.#post({ type: "stop", slot: ticket.slot, token: ticket.token, reason: encodeError(reason) });
  }

  leave(ticket: T): void {
    // The slot stays taken: the worker still writes to it when the task ends after all.
    this.#held.vacate(ticket);
  }

  ping(): void {
    this.#post({ type: "ping" });
  }

  look(): void {
    this.#calls.look();
    this.#events.turn();
  }

  hold(how: "ref" | "unref"): void {
    this.#child[how]();
    for (const pipe of [this.#input, this.#output] as unknown as { ref(): void; unref(): void }[]) pipe?.[how]();
  }

  close(): void {
    this.#post({ type: "close" });
  }

  terminate(): void {
    killChild(this.#child);
  }

  #post(message: ToWorker): void {
    const frame = message.type === "calls" ? encodeCalls(message.calls, this.#calls.last) : encodeMessage(message);
    if (this.#input?.writable) this.#input.write(frame);
  }

  #handle(message: FromWorker, startedAt: number, duration: number): void {
    if (message === LOOK) return;
    if (message.type === "value" || message.type === "error") this.#calls.ran(message.slot, startedAt, duration);
    else if (message.type === "ready") this.#phase = "serving";
    this.#inbox.receive(message);
  }

  #settle(ticket: T, outcome: Parameters<PortEvents<T>["settled"]>[1]): void {
    const { startedAt, duration } = this.#calls.timing(ticket.slot);
    this.#calls.remove(ticket);
    this.#events.settled(ticket, outcome, startedAt, duration);
  }

  #notStarted(error: Error): void {
    // It was given up in the constructor already, and its maker told.
    if (this.#phase === "ended") return;
    this.#cause ??= error;
    // A program that could not be started has no pid, and may never tell that it is closed.
    if (this.#child.pid === undefined) this.#ended(null, null);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#calls.look();
    const running: T[] = [];
    const waiting: T[] = [];
    for (const ticket of this.#held.all()) (this.startedAt(ticket) === undefined ? waiting : running).push(ticket);
    const exit = { worker: this.name, id: this.#child.pid, exitCode: code, signal };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
    this.#calls[Symbol.dispose]();
  }
}

/** Not SIGTERM, which a task may have a handler for. And never a child without a pid, one that could not be started: Node
 *  would send the signal to pid 0, which is the program itself and its whole process group. */
function killChild(child: ChildProcess): void {
  if (child.pid !== undefined) child.kill("SIGKILL");
}

function start(settings: ProcessSettings, callFile: number): ChildProcess {
  const { name, tasksPerWorker, memory, resourceLimits } = settings;
  const flags = [...workerExecArgv(settings.execArgv ?? process.execArgv)];
  if (resourceLimits?.maxOldGenerationSizeMb !== undefined) {
    flags.push(`--max-old-space-size=${resourceLimits.maxOldGenerationSizeMb}`);
  }
  return spawn(process.execPath, [...flags, ENTRY, JSON.stringify({ name, tasksPerWorker, memory })], {
    // inherit: what a task prints belongs to the program's own output.
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe", callFile],
    ...(settings.env === undefined ? {} : { env: settings.env }),
    ...(settings.cwd === undefined ? {} : { cwd: settings.cwd }),
    ...(settings.uid === undefined ? {} : { uid: settings.uid }),
    ...(settings.gid === undefined ? {} : { gid: settings.gid }),
  });
}
