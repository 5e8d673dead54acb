/** The event loop itself behind the port: calls run in this thread, nothing is cloned, closures are welcome.
 *
 *  It has a loop of its own, not the one of workers: nothing is loaded, claimed across memory or announced here, and on
 *  calls this small each of those would be felt.
 *
 *  Guarantees: a call starts in a later microtask than its submit, never inside it; all that are sent run at once, and the
 *  limit is the sender's to keep; timers and sockets get their turn at least every `SLICE` ms as long as no call takes
 *  longer; a task cannot be stopped from outside here: one that is given up is left behind, and its place is free again. */
import { TIME_ORIGIN } from "../base/clock.js";
import { CancelledError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
import type { RunningTask, TaskContext, TaskHost } from "./context.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import { type LoopFunction, type LoopTask, leaveLoop, runOnLoop } from "./scope.js";
import type { Held } from "./slot-ring.js";

/** A call on this event loop: the one object that is made for it here. */
class InlineTask<T extends Ticket> implements LoopTask {
  readonly host: TaskHost;
  readonly ticket: T;
  readonly slot: number;
  readonly args: readonly unknown[];
  readonly attempt: number;
  readonly timeout: number | undefined;
  /** `left`: nobody hears any more of how it ends. */
  state: "waiting" | "started" | "left" = "waiting";
  cooperative: "yes" | "no" = "no";
  phase: "running" | "ended" = "running";
  scope: LoopTask["scope"] = "stack";
  startedAt = 0;
  context: TaskContext | undefined = undefined;
  controller: AbortController | undefined = undefined;
  stopped: { readonly reason: unknown } | undefined = undefined;

  constructor(host: TaskHost, ticket: T) {
    this.host = host;
    this.ticket = ticket;
    this.slot = ticket.slot;
    this.args = ticket.args;
    this.attempt = ticket.attempt;
    this.timeout = ticket.timeout;
  }
}

/** A stretch without a turn of the event loop, in ms. */
const SLICE = 5;
/** Less time than this between two drains, in ms: the event loop can hardly have turned. */
const SAME_STRETCH = 0.5;

export class InlinePort<T extends Ticket> implements WorkerPort<T>, TaskHost {
  readonly kind = "event-loop";
  readonly name: string;
  readonly id = 0;
  readonly room: number = Number.POSITIVE_INFINITY;
  readonly worker: TaskContext["worker"];
  readonly #events: PortEvents<T>;
  readonly #queue = new RingQueue<InlineTask<T>>();
  /** The tasks by the token of their tickets: a place that is used again, where the slot of each is its own. */
  readonly #tasks: (InlineTask<T> | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #functions = new WeakMap<object, LoopFunction>();
  #next = 0;
  #drain: "none" | "asked" | "draining" = "none";
  #drainedAt = 0;
  #stretchFrom = 0;

  constructor(name: string, events: PortEvents<T>) {
    this.name = name;
    this.#events = events;
    this.worker = { kind: "event-loop", id: 0, name };
  }

  // ── the pool's side ──────────────────────────────────────────────────────────────────────────────────────────────

  initialize(): void {
    // Later, as with every other worker: whoever makes it has not finished making it.
    queueMicrotask(() => this.#events.ready());
  }

  send(tickets: readonly T[]): void {
    for (const ticket of tickets) {
      ticket.slot = this.#next;
      this.#next += 1;
      const task = new InlineTask(this, ticket);
      ticket.token = this.#free.pop() ?? this.#tasks.length;
      this.#tasks[ticket.token] = task;
      this.#queue.push(task);
    }
    this.#askDrain();
  }

  recall(ticket: T, keep = 0): number {
    const task = this.#taskOf(ticket);
    if (task?.state !== "waiting" || keep > 0) return 0;
    this.#let(task);
    return 1;
  }

  held(): readonly T[] {
    const tasks = this.#tasks.filter((task) => task !== undefined);
    return tasks.sort((a, b) => a.slot - b.slot).map(({ ticket }) => ticket);
  }

  running(): number {
    let running = 0;
    for (const task of this.#tasks) if (task?.state === "started") running += 1;
    return running;
  }

  startedAt(ticket: T): number | undefined {
    const task = this.#taskOf(ticket);
    return task?.state === "started" ? task.startedAt : undefined;
  }

  cooperative(ticket: T): boolean {
    return this.#taskOf(ticket)?.cooperative === "yes";
  }

  stop(ticket: T, reason: unknown): void {
    const task = this.#taskOf(ticket);
    if (task?.state === "started") this.#tell(task, reason);
  }

  /** Gives up a running task: its place is free, its outcome is ignored. */
  leave(ticket: T): void {
    const task = this.#taskOf(ticket);
    if (task === undefined) return;
    this.#let(task);
    task.phase = "ended";
  }

  ping(): void {
    this.#events.alive();
  }

  examine(): void {
    setImmediate(() => this.#events.vitals(process.memoryUsage().heapUsed, TIME_ORIGIN + performance.now()));
  }

  look(): void {
    // Outcomes are told as they come.
  }

  hold(): void {
    // What a task waits for keeps the program alive, or does not: that is the task's own affair here.
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    const running: Held<T>[] = [];
    const waiting: Held<T>[] = [];
    const reason = new CancelledError(`The executor of ${this.name} was terminated`);
    for (const task of this.#tasks) {
      if (task === undefined) continue;
      (task.state === "started" ? running : waiting).push({ ticket: task.ticket, offset: 0, slot: task.slot });
      // Nothing can end the task from here, but it can be told.
      if (task.state === "started") this.#tell(task, reason);
      this.#let(task);
    }
    const exit = { worker: this.name, id: 0, exitCode: 0, signal: null };
    this.#events.exited({ exit, cause: undefined }, running, waiting);
  }

  #taskOf(ticket: T): InlineTask<T> | undefined {
    const task = this.#tasks[ticket.token];
    return task?.ticket === ticket ? task : undefined;
  }

  /** Lets go of a task: it will not run, or nobody waits for it. */
  #let(task: InlineTask<T>): void {
    task.state = "left";
    this.#tasks[task.ticket.token] = undefined;
    this.#free.push(task.ticket.token);
  }

  #tell(task: InlineTask<T>, reason: unknown): void {
    if (task.stopped !== undefined) return;
    task.stopped = { reason };
    task.controller?.abort(reason);
  }

  // ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #askDrain(): void {
    if (this.#drain !== "none") return;
    this.#drain = "asked";
    queueMicrotask(this.#run);
  }

  // A field, so that asking makes no closure.
  readonly #run = (): void => {
    this.#drain = "draining";
    let now = performance.now();
    // Drains that follow each other in microtasks are one stretch: the event loop has not turned between them.
    if (now - this.#drainedAt > SAME_STRETCH) this.#stretchFrom = now;
    // Only those that were sent before: what is sent from here on was submitted in this very microtask.
    for (let left = this.#queue.length; left > 0 && now - this.#stretchFrom <= SLICE; left -= 1) {
      const task = this.#queue.shift();
      if (task?.state === "waiting") now = this.#start(task, now);
    }
    this.#drainedAt = now;
    if (now - this.#stretchFrom > SLICE) this.#yield();
    else this.#drain = "none";
    this.#events.turn();
  };

  /** Lets the event loop turn, then goes on. */
  #yield(): void {
    this.#drain = "asked";
    setImmediate(() => {
      this.#stretchFrom = performance.now();
      this.#drainedAt = this.#stretchFrom;
      this.#run();
    });
  }

  /** @returns the time after what could be done at once. */
  #start(task: InlineTask<T>, now: number): number {
    task.state = "started";
    task.startedAt = TIME_ORIGIN + now;
    let result: unknown;
    try {
      result = runOnLoop(task, this.#functionOf(task.ticket));
    } catch (reason) {
      return this.#reject(task, reason, now);
    }
    if (!(result instanceof Promise)) return this.#fulfil(task, result, now);
    // Not its own: a promise's `then` may have been replaced by one that throws.
    Promise.prototype.then.call(
      result,
      (value) => {
        this.#fulfil(task, value, now);
        // Tells of the free place, once for all that end together.
        this.#askDrain();
      },
      (reason: unknown) => {
        this.#reject(task, reason, now);
        this.#askDrain();
      },
    );
    return performance.now();
  }

  #functionOf(ticket: T): LoopFunction {
    const run = ticket.target as LoopFunction["run"];
    let known = this.#functions.get(run);
    if (known === undefined) {
      known = { run, way: "unknown" };
      this.#functions.set(run, known);
    }
    return known;
  }

  #fulfil(task: InlineTask<T>, value: unknown, from: number): number {
    const now = performance.now();
    if (this.#end(task)) this.#events.fulfilled(task.ticket, 0, value, task.startedAt, now - from);
    return now;
  }

  #reject(task: InlineTask<T>, reason: unknown, from: number): number {
    const now = performance.now();
    if (this.#end(task)) this.#events.rejected(task.ticket, 0, reason, task.startedAt, now - from);
    return now;
  }

  /** @returns whether anybody waits for it. */
  #end(task: InlineTask<T>): boolean {
    leaveLoop(task);
    task.phase = "ended";
    if (task.state === "left") return false;
    this.#let(task);
    return true;
  }

  // ── what contexts ask ────────────────────────────────────────────────────────────────────────────────────────────

  tookContext(task: RunningTask): void {
    (task as InlineTask<T>).cooperative = "yes";
  }

  stopRequested(task: RunningTask): boolean {
    return task.stopped !== undefined;
  }

  progress(task: RunningTask, value: unknown): void {
    const { state, ticket } = task as InlineTask<T>;
    if (state === "started") this.#events.progress(ticket, value);
  }
}
