/** A worker process behind the port. See `port.ts` for the guarantees and `frames.ts` for what is on the pipes. */
import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { CallFile, FILE_SLOTS } from "../memory/mod.js";
import { encodeError, workerExecArgv } from "../wire/mod.js";
import { encodeMessage, FRAME, type FrameKind, FrameReader, smallValue } from "./frames.js";
import { HeldCalls } from "./held-calls.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK, type ToWorker, type WorkerSettings } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Recall, Ticket, WorkerPort } from "./port.js";
import { callGeneration, isFirm, processToken } from "./process-token.js";

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
  readonly #file = new CallFile();
  readonly #held = new HeldCalls<T>(FILE_SLOTS);
  readonly #generations = new Uint8Array(FILE_SLOTS);
  /** Start and duration by slot; a start of 0: not started. */
  readonly #starts = new Float64Array(FILE_SLOTS);
  readonly #durations = new Float64Array(FILE_SLOTS);
  readonly #cooperative = new Set<number>();
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
    this.#inbox = new Inbox(events, this.#held, (slot, outcome) => this.#settle(slot, outcome));
    this.#child = this.#start(settings);
    // Extra pipes are sockets in Node, whatever the types say of them.
    this.#input = this.#child.stdio[3] as Duplex;
    this.#output = this.#child.stdio[4] as Duplex;
    const reader = new FrameReader({
      message: (message) => this.#handle(message as FromWorker),
      small: (kind, slot, x, y) => this.#small(kind, slot, x, y),
    });
    this.#output.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      events.turn();
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
          this.#held.remove(ticket);
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
      child = start(settings, this.#file.fd);
      // First of all: a process that cannot be started says so by this event, which unheard would end the program.
      child.on("error", (error) => this.#notStarted(error));
      if (child.stdio?.[4] == null) throw new Error("the system gives it no pipes (too many files are open?)");
      return child;
    } catch (error) {
      this.#phase = "ended";
      this.#file[Symbol.dispose]();
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
    const idle = this.#held.room === FILE_SLOTS && this.#phase === "serving";
    for (const [position, ticket] of tickets.entries()) {
      this.#held.add(ticket);
      this.#starts[ticket.slot] = 0;
      this.#cooperative.delete(ticket.slot);
      ticket.token = processToken(this.#generation(ticket.slot), idle && position === 0 ? "firm" : "claimable");
    }
    this.#outbox.send(tickets);
  }

  recall(ticket: T): Recall {
    if (this.startedAt(ticket) !== undefined) return "started";
    if (isFirm(ticket.token) || !this.#file.recall(ticket.slot, callGeneration(ticket.token))) return "started";
    // The slot stays out of use until the worker has passed over the call, which still lies in its queue.
    this.#held.vacate(ticket);
    return "taken";
  }

  startedAt(ticket: T): number | undefined {
    const startedAt = this.#starts[ticket.slot] ?? 0;
    return startedAt === 0 ? undefined : startedAt;
  }

  cooperative(ticket: T): boolean {
    return this.#cooperative.has(ticket.slot);
  }

  stop(ticket: T, reason: unknown): void {
    this.#file.requestStop(ticket.slot, callGeneration(ticket.token));
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
    // Everything there is has been announced: the pipe is the announcement.
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
    const frame = encodeMessage(message);
    if (this.#input?.writable) this.#input.write(frame);
  }

  #generation(slot: number): number {
    const generation = ((this.#generations[slot] ?? 0) % 255) + 1;
    this.#generations[slot] = generation;
    if (generation === 1) this.#file.wipe(slot);
    return generation;
  }

  #small(kind: FrameKind, slot: number, x: number, y: number): void {
    const ticket = this.#held.get(slot);
    if (ticket === undefined) return;
    if (kind !== FRAME.started) {
      this.#durations[slot] = y;
      return this.#settle(slot, { status: "fulfilled", value: smallValue(kind, x) });
    }
    const first = this.#starts[slot] === 0;
    this.#starts[slot] = x;
    this.#durations[slot] = y;
    if (first) this.#events.started(ticket);
  }

  #handle(message: FromWorker): void {
    if (message === LOOK) return;
    if (message.type === "skipped") return this.#skipped(message.slot);
    if (message.type === "cooperative") this.#cooperative.add(message.slot);
    else if (message.type === "ready") this.#phase = "serving";
    this.#inbox.receive(message);
  }

  #skipped(slot: number): void {
    const ticket = this.#held.get(slot);
    // A call that was taken back is not held any more; one that both sides laid hold of at once still is.
    if (ticket === undefined) return this.#held.free(slot);
    this.#held.remove(ticket);
    this.#events.skipped(ticket);
  }

  #settle(slot: number, outcome: Parameters<PortEvents<T>["settled"]>[1]): void {
    const ticket = this.#held.get(slot);
    if (ticket === undefined) return;
    this.#held.remove(ticket);
    this.#events.settled(ticket, outcome, this.#starts[slot] ?? 0, this.#durations[slot] ?? 0);
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
    const running: T[] = [];
    const waiting: T[] = [];
    for (const ticket of this.#held.all()) (this.startedAt(ticket) === undefined ? waiting : running).push(ticket);
    const exit = { worker: this.name, id: this.#child.pid, exitCode: code, signal };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
    this.#file[Symbol.dispose]();
  }
}

/** Not SIGTERM, which a task may have a handler for. And never a child without a pid, one that could not be started: Node
 *  would send the signal to pid 0, which is the program itself and its whole process group. */
function killChild(child: ChildProcess): void {
  if (child.pid !== undefined) child.kill("SIGKILL");
}

function start(settings: ProcessSettings, callFile: number): ChildProcess {
  // Not imported: programs without processes would wait a millisecond for it.
  const { spawn } = process.getBuiltinModule("node:child_process");
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
