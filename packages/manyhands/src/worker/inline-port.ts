/** The event loop itself behind the port: calls run in this thread, nothing is cloned, closures are welcome.
 *
 *  Guarantees: a call starts in a later microtask than its submit, never inside it; all that are
 *  sent run at once, and the limit is the sender's to keep; a task cannot be stopped from outside here: one that is given up is left behind, and its place is free again. */
import { CancelledError } from "../base/errors.js";
import type { TaskContext } from "./context.js";
import { type Job, type JobCode, type JobHost, Run } from "./job.js";
import { TaskLoop } from "./loop.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import type { Held } from "./slot-ring.js";

interface Entry<T> {
  readonly ticket: T;
  /** Once it has started. */
  job: Job | undefined;
  state: "waiting" | "started" | "recalled";
  cooperative: "yes" | "no";
}

export class InlinePort<T extends Ticket> implements WorkerPort<T>, JobHost {
  readonly kind = "event-loop";
  readonly name: string;
  readonly id = 0;
  readonly room: number = Number.POSITIVE_INFINITY;
  readonly worker: TaskContext["worker"];
  readonly #events: PortEvents<T>;
  readonly #loop: TaskLoop;
  readonly #entries = new Map<number, Entry<T>>();
  readonly #codes = new WeakMap<object, JobCode>();
  #next = 0;
  #drain: "none" | "asked" = "none";

  constructor(name: string, events: PortEvents<T>) {
    this.name = name;
    this.#events = events;
    this.worker = { kind: "event-loop", id: 0, name };
    this.#loop = new TaskLoop(this, Number.POSITIVE_INFINITY, "among");
  }

  // ── the pool's side ──────────────────────────────────────────────────────────────────────────────────────────────

  initialize(): void {
    // Later, as with every other worker: whoever makes it has not finished making it.
    queueMicrotask(() => this.#events.ready());
  }

  send(tickets: readonly T[]): void {
    for (const ticket of tickets) {
      ticket.slot = this.#next++;
      const { target, attempt, timeout, args, slot } = ticket;
      this.#entries.set(slot, { ticket, job: undefined, state: "waiting", cooperative: "no" });
      this.#loop.push(new Run(this, target, attempt, timeout, args.length, slot, 0, 1, args, 0));
    }
    // A task may submit, and its own loop is draining then; that drain takes these up too.
    if (this.#drain === "none") {
      this.#drain = "asked";
      queueMicrotask(() => {
        this.#drain = "none";
        this.#loop.drain();
      });
    }
  }

  recall(ticket: T, keep = 0): number {
    const entry = this.#entries.get(ticket.slot);
    if (entry === undefined || entry.state === "started" || keep > 0) return 0;
    entry.state = "recalled";
    this.#entries.delete(ticket.slot);
    return 1;
  }

  held(): readonly T[] {
    return [...this.#entries.values()].map(({ ticket }) => ticket);
  }

  running(): number {
    return [...this.#entries.values()].filter(({ state }) => state === "started").length;
  }

  startedAt(ticket: T): number | undefined {
    const entry = this.#entries.get(ticket.slot);
    return entry?.state === "started" ? entry.job?.startedAt : undefined;
  }

  cooperative(ticket: T): boolean {
    return this.#entries.get(ticket.slot)?.cooperative === "yes";
  }

  stop(ticket: T, reason: unknown): void {
    this.#loop.stop(ticket.slot, 0, reason);
  }

  /** Gives up a running task: its place is free, its outcome is ignored. */
  leave(ticket: T): void {
    this.#entries.delete(ticket.slot);
    this.#loop.forget(ticket.slot);
  }

  ping(): void {
    this.#events.alive();
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
    for (const { ticket, state } of this.#entries.values()) {
      (state === "started" ? running : waiting).push({ ticket, offset: 0, slot: ticket.slot });
      // Nothing can end the task from here, but it can be told.
      if (state === "started") this.#loop.stop(ticket.slot, 0, reason);
    }
    this.#entries.clear();
    const exit = { worker: this.name, id: 0, exitCode: 0, signal: null };
    this.#events.exited({ exit, cause: undefined }, running, waiting);
  }

  // ── the loop's side ──────────────────────────────────────────────────────────────────────────────────────────────

  resolve(task: unknown): JobCode {
    const run = task as JobCode["run"];
    let code = this.#codes.get(run);
    if (code === undefined) {
      code = { run, expected: Number.POSITIVE_INFINITY };
      this.#codes.set(run, code);
    }
    return code;
  }

  claim(job: Job): boolean {
    const entry = this.#entries.get(job.slot);
    if (entry === undefined) return false;
    entry.state = "started";
    entry.job = job;
    return true;
  }

  begun(): void {
    // Nothing is loaded here.
  }

  fulfilled(job: Job, value: unknown, duration: number): void {
    const ticket = this.#ended(job);
    if (ticket !== undefined) this.#events.fulfilled(ticket, 0, value, job.startedAt, duration);
  }

  rejected(job: Job, reason: unknown, duration: number): void {
    const ticket = this.#ended(job);
    if (ticket !== undefined) this.#events.rejected(ticket, 0, reason, job.startedAt, duration);
  }

  #ended(job: Job): T | undefined {
    const entry = this.#entries.get(job.slot);
    this.#entries.delete(job.slot);
    return entry?.ticket;
  }

  announce(): void {
    this.#events.turn();
  }

  tookContext(job: Job): void {
    const entry = this.#entries.get(job.slot);
    if (entry !== undefined) entry.cooperative = "yes";
  }

  stopRequested(job: Job): boolean {
    return job.stopped !== undefined;
  }

  progress(job: Job, value: unknown): void {
    const entry = this.#entries.get(job.slot);
    if (entry !== undefined) this.#events.progress(entry.ticket, value);
  }
}
