/** Tells whoever listens what becomes of an executor's calls and workers, over `node:diagnostics_channel`.
 *
 *  Guarantees: with no listener a call costs a look at a property and at the size of an empty map, and nothing is kept; a call
 *  of whose submit somebody has heard is told of until it has ended, exactly once, and no other is; a listener runs where it can
 *  do no harm: no list of the scheduler is half changed then. */
import { channel } from "node:diagnostics_channel";
import { TASK_CHANNEL, WORKER_CHANNEL } from "../base/channels.js";
import type { Clock } from "../base/clock.js";
import type { ExecutorKind } from "../futures/mod.js";
import { taskName } from "../wire/mod.js";
import type { Runner } from "../worker/mod.js";
import type { Call, Refused } from "./call.js";
import type { CrewExit } from "./crew-events.js";
import type { Crewman } from "./crewman.js";
import type {
  TaskMessage,
  TaskRun,
  WatchedExecutor,
  WatchedWorker,
  WorkerMessage,
  WorkerReplaced,
} from "./watch-messages.js";
import { SeenExecutor, SeenWorker, type Steered } from "./watched.js";

const tasks = channel(TASK_CHANNEL);
const workers = channel(WORKER_CHANNEL);

let executors = 0;
let ids = 0;

/** The number of a call that is about to be submitted. */
export function nextId(): number {
  ids += 1;
  return ids;
}

/** What is kept of a call of which has been told. */
interface Told {
  readonly id: number;
  readonly task: string;
  readonly submittedAt: number;
  /** The attempt that runs or was the last to. */
  run: TaskRun | undefined;
}

export class Watch {
  readonly executor: WatchedExecutor;
  readonly #clock: Clock;
  readonly #told = new Map<Call, Told>();
  readonly #workers = new WeakMap<Crewman, SeenWorker>();
  /** By name: the workers of a port that stands for several, of which none is an object here. */
  readonly #runners = new Map<string, WatchedWorker>();

  constructor(kind: ExecutorKind, name: string, clock: Clock, steered: Steered) {
    executors += 1;
    this.executor = new SeenExecutor(executors, kind, name, steered, this.#told);
    this.#clock = clock;
  }

  /** Whether somebody listens to what becomes of calls. */
  get listened(): boolean {
    return tasks.hasSubscribers;
  }

  submitted(call: Call, id: number): void {
    const submittedAt = this.#clock.now();
    const told: Told = { id, task: taskName(call.task), submittedAt, run: undefined };
    this.#told.set(call, told);
    const { args } = call;
    const item = call.sink === undefined ? undefined : call.index;
    this.#tell(call, told, { type: "submitted", at: submittedAt, args: args.length, argBytes: bytesOf(args), item });
  }

  /** The calls have been sent. Those that could not travel have come back already. */
  handed(member: Crewman, batch: readonly Call[]): void {
    if (this.#told.size === 0) return;
    for (const call of batch) {
      const told = this.#told.get(call);
      if (told === undefined || call.worker !== member) continue;
      // Not known yet where the port stands for several: it is told when one of them has begun.
      const worker = this.#workerOf(member, call);
      if (worker !== undefined) this.#tell(call, told, { type: "handed", worker });
    }
  }

  /** The calls wait again. */
  returned(calls: readonly Call[]): void {
    if (this.#told.size === 0) return;
    for (const call of calls) {
      const told = this.#told.get(call);
      if (told !== undefined) this.#tell(call, told, { type: "returned" });
    }
  }

  /** It is known when an attempt began, and how long it took. */
  ran(call: Call, member: Crewman, startedAt: number, duration: number): void {
    if (this.#told.size === 0 || startedAt <= 0) return;
    const told = this.#told.get(call);
    if (told === undefined) return;
    const worker = this.#workerOf(member, call);
    if (worker === undefined) return;
    told.run = { worker, startedAt, duration };
    this.#tell(call, told, { type: "started", worker, at: startedAt });
  }

  /** The attempt before the present one has failed. */
  retrying(call: Call, error: unknown, delay: number): void {
    if (this.#told.size === 0) return;
    const told = this.#told.get(call);
    if (told === undefined) return;
    const { run } = told;
    told.run = undefined;
    this.#tell(call, told, { type: "retrying", error, delay, run, attempt: call.attempt - 1 });
  }

  succeeded(call: Call, value: unknown): void {
    if (this.#told.size === 0) return;
    const told = this.#take(call);
    if (told === undefined) return;
    this.#tell(call, told, { type: "ended", outcome: "succeeded", run: told.run, resultBytes: bytesOf([value]) });
  }

  refused(call: Call, outcome: Refused, error: unknown): void {
    if (this.#told.size === 0) return;
    const told = this.#take(call);
    if (told !== undefined) this.#tell(call, told, { type: "ended", outcome, run: told.run, error });
  }

  #take(call: Call): Told | undefined {
    const told = this.#told.get(call);
    this.#told.delete(call);
    return told;
  }

  #tell(call: Call, { id, task, submittedAt }: Told, what: Particular): void {
    if (!tasks.hasSubscribers) return;
    const { executor } = this;
    const { attempt } = call;
    const message: TaskMessage = { id, task, executor, submittedAt, at: this.#clock.now(), attempt, ...what };
    tasks.publish(message);
  }

  workerStarted(member: Crewman): void {
    if (workers.hasSubscribers && member.port.runner === undefined)
      this.#tellOfWorker({ type: "started", ...this.#now(member) });
  }

  workerReady(member: Crewman): void {
    if (workers.hasSubscribers && member.port.runner === undefined)
      this.#tellOfWorker({ type: "ready", ...this.#now(member) });
  }

  workerReplaced(member: Crewman, why: WorkerReplaced["why"]): void {
    if (workers.hasSubscribers) this.#tellOfWorker({ type: "replaced", why, ...this.#now(member) });
  }

  workerEnded(member: Crewman, { exit, cause, how }: CrewExit): void {
    if (!workers.hasSubscribers || member.port.runner !== undefined) return;
    const { exitCode, signal } = exit;
    const ended = { exitCode, signal, ...this.#now(member) };
    this.#tellOfWorker(how === "asked" ? { type: "exited", ...ended } : { type: "crashed", cause, ...ended });
  }

  /** The worker runs more calls at once than before, or fewer. */
  workerWidened(member: Crewman): void {
    const worker = this.#workers.get(member);
    if (worker !== undefined) worker.slots = member.slots;
  }

  /** The worker has said how it is. */
  examined(member: Crewman, memory: number, at: number): void {
    this.#ownWorkerOf(member).answered(memory, at);
  }

  /** One of the workers that a port stands for serves. */
  runnerJoined(runner: Runner): void {
    const worker = this.#runner(runner);
    if (!workers.hasSubscribers) return;
    const at = this.#clock.now();
    this.#tellOfWorker({ type: "started", worker, at });
    this.#tellOfWorker({ type: "ready", worker, at });
  }

  runnerLeft({ name }: Runner, how: "asked" | "unasked"): void {
    const worker = this.#runners.get(name);
    this.#runners.delete(name);
    if (worker === undefined || !workers.hasSubscribers) return;
    const ended = { worker, at: this.#clock.now(), exitCode: null, signal: null };
    this.#tellOfWorker(
      how === "asked" ? { type: "exited", ...ended } : { type: "crashed", cause: undefined, ...ended },
    );
  }

  #runner({ name, id, slots }: Runner): WatchedWorker {
    let worker = this.#runners.get(name);
    if (worker === undefined) {
      worker = { executor: this.executor, name, id, slots };
      this.#runners.set(name, worker);
    }
    return worker;
  }

  #tellOfWorker(message: WorkerMessage): void {
    workers.publish(message);
  }

  #now(member: Crewman): { readonly worker: WatchedWorker; readonly at: number } {
    return { worker: this.#ownWorkerOf(member), at: this.#clock.now() };
  }

  #workerOf(member: Crewman, call: Call): WatchedWorker | undefined {
    if (member.port.runner === undefined) return this.#ownWorkerOf(member);
    const runner = member.port.runner(call);
    return runner && this.#runner(runner);
  }

  #ownWorkerOf(member: Crewman): SeenWorker {
    let worker = this.#workers.get(member);
    if (worker === undefined) {
      worker = new SeenWorker(this.executor, member, this.#told, this.#clock);
      this.#workers.set(member, worker);
    }
    return worker;
  }
}

/** What a message says beyond what all of them do. */
type Particular = TaskMessage extends infer Message
  ? Message extends TaskMessage
    ? Omit<Message, "id" | "task" | "executor" | "submittedAt" | "at" | "attempt"> & {
        readonly at?: number;
        readonly attempt?: number;
      }
    : never
  : never;

/** At the first level only: looking through an object may cost more than its call. */
function bytesOf(values: readonly unknown[]): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === "string") bytes += 2 * value.length;
    else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer || ArrayBuffer.isView(value)) {
      bytes += value.byteLength;
    }
  }
  return bytes;
}
