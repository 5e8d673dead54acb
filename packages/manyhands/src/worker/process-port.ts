/** A worker process behind the port. See `port.ts` for the guarantees and `frames.ts` for what is on the pipes. */
import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { CallFile, FILE_SLOTS } from "../memory/mod.js";
import { encodeError, workerExecArgv } from "../wire/mod.js";
import { encodeMessage, FRAME, type FrameKind, FrameReader, smallValue } from "./frames.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK, type ToWorker, type WorkerSettings } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import { callGeneration, isFirm, processToken } from "./process-token.js";
import { type Held, SlotRing } from "./slot-ring.js";

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
  readonly #ring = new SlotRing<T>(FILE_SLOTS);
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
  /** How the next call is handed over. */
  #next: "firm" | "claimable" = "claimable";
  #cause: unknown;

  constructor(settings: ProcessSettings, events: PortEvents<T>) {
    this.name = settings.name;
    this.#events = events;
    this.#inbox = new Inbox(events, this.#ring, {
      fulfilled: (slot, value) => this.#fulfilled(slot, value),
      rejected: (slot, reason) => this.#rejected(slot, reason),
    });
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
        hand: (slot) => this.#hand(slot),
        handRun: (slot, count) => this.#handRun(slot, count),
        refused: (ticket, error) => {
          if (this.#ring.ticketAt(ticket.slot) === ticket) this.#ring.free(ticket.slot);
          events.refused(ticket, error);
        },
        copied: (bytes) => events.copied(bytes),
      },
      this.#ring,
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
    return this.#ring.room;
  }

  initialize(initializer: Initializer | undefined): void {
    this.#post({ type: "initialize", initializer });
  }

  send(tickets: readonly T[]): void {
    // It starts at once, so it need not be claimed, and cannot be taken back.
    this.#next = this.#ring.room === FILE_SLOTS && this.#phase === "serving" ? "firm" : "claimable";
    this.#outbox.send(tickets);
  }

  #hand(slot: number): number {
    this.#starts[slot] = 0;
    this.#cooperative.delete(slot);
    const token = processToken(this.#generation(slot), this.#next);
    this.#next = "claimable";
    return token;
  }

  #handRun(slot: number, count: number): number {
    let token = 0;
    // The last first: `firm` is for the first call alone, and makes its token another.
    this.#next = "claimable";
    for (let at = slot + count - 1; at >= slot; at -= 1) token = this.#hand(at);
    return token;
  }

  recall(ticket: T, keep = 0): number {
    const held = this.#ring.of(ticket);
    let taken = 0;
    for (let at = held.length - 1; at >= keep; at -= 1) {
      const slot = held[at]?.slot ?? -1;
      const token = this.#ring.tokenAt(slot);
      if (this.#starts[slot] !== 0 || isFirm(token) || !this.#file.recall(slot, callGeneration(token))) break;
      // The slot stays out of use until the worker has passed over the call, which still lies in its queue.
      this.#ring.vacate(slot);
      taken += 1;
    }
    return taken;
  }

  held(): readonly T[] {
    return [...new Set([...this.#ring].map(({ ticket }) => ticket))];
  }

  running(): number {
    return [...this.#ring].filter(({ slot }) => this.#starts[slot] !== 0).length;
  }

  startedAt({ slot }: T): number | undefined {
    const startedAt = this.#starts[slot] ?? 0;
    return startedAt === 0 ? undefined : startedAt;
  }

  cooperative(ticket: T): boolean {
    return this.#cooperative.has(ticket.slot);
  }

  stop({ slot }: T, reason: unknown): void {
    const token = this.#ring.tokenAt(slot);
    this.#file.requestStop(slot, callGeneration(token));
    this.#post({ type: "stop", slot, token, reason: encodeError(reason) });
  }

  leave(ticket: T): void {
    // The slot stays taken: the worker still writes to it when the task ends after all.
    this.#ring.vacate(ticket.slot);
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
    const generation = (this.#ring.generationAt(slot) % 255) + 1;
    if (generation === 1) this.#file.wipe(slot);
    return generation;
  }

  #small(kind: FrameKind, slot: number, x: number, y: number): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    if (kind !== FRAME.started) {
      this.#durations[slot] = y;
      return this.#fulfilled(slot, smallValue(kind, x));
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
    const ticket = this.#ring.ticketAt(slot);
    const offset = this.#ring.offsetAt(slot);
    this.#ring.free(slot);
    // A call that was taken back is not held any more; one that both sides laid hold of at once still is.
    if (ticket !== undefined) this.#events.skipped(ticket, offset);
  }

  #fulfilled(slot: number, value: unknown): void {
    this.#events.alive();
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#ring.free(slot);
    this.#events.fulfilled(ticket, offset, value, this.#starts[slot] ?? 0, this.#durations[slot] ?? 0);
  }

  #rejected(slot: number, reason: unknown): void {
    this.#events.alive();
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#ring.free(slot);
    this.#events.rejected(ticket, offset, reason, this.#starts[slot] ?? 0, this.#durations[slot] ?? 0);
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
    const running: Held<T>[] = [];
    const waiting: Held<T>[] = [];
    for (const held of this.#ring) (this.#starts[held.slot] === 0 ? waiting : running).push(held);
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
