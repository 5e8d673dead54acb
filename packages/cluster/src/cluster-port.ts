/** All agents of a queue behind one port: the client's side of the cluster.
 *
 *  ```
 *  send ─► JobMaker ─► Sender ─► queue          recall, stop ─► Canceller ─► queue, channel
 *  PortEvents ◄── Ledger ◄── ResultReader ◄── this client's stream
 *                   ▲ Reconciler (what Redis lost), AgentsView (what agents took with them)
 *  ```
 *  Guarantees: those of every port (`WorkerPort`): each call that was sent comes back exactly once, whatever arrives
 *  twice; no timer takes the place of a message, but ends waits that no message can end. */
import { CancelledError, InvalidStateError } from "manyhands";
import { type Call, type PortEvents, type Runner, taskName, type WorkerPort } from "manyhands/engine";
import { givenId, isAttached } from "./call-ids.js";
import { ClusterLink } from "./cluster-link.js";
import type { ClusterPlan } from "./cluster-options.js";
import { isLoss } from "./connections.js";
import type { AgentMessage } from "./envelope.js";
import { TaskLostError, WorkerLostError } from "./errors.js";
import { JobMaker } from "./job-maker.js";
import { Ledger } from "./ledger.js";
import { RedisClock } from "./redis-clock.js";
import { SentJob } from "./sent-job.js";

/** Arguments above so many bytes are counted as large copies. */
const LARGE = 1024 * 1024;
/** Calls at once that are reckoned with until agents have been heard of. */
export const GUESS = 8;

/** A job whose outcome may be kept from an earlier life. */
interface Sought {
  readonly job: SentJob;
  readonly missing: () => void;
}

export class ClusterPort implements WorkerPort<Call> {
  readonly kind = "cluster";
  readonly name: string;
  readonly id: undefined = undefined;
  readonly room: number = Number.POSITIVE_INFINITY;
  readonly link: ClusterLink;
  readonly ledger: Ledger;
  readonly #plan: ClusterPlan;
  readonly #events: PortEvents<Call>;
  readonly #maker: JobMaker;
  readonly #stopping = new Map<SentJob, NodeJS.Timeout>();
  readonly #sought: Sought[] = [];
  #phase: "open" | "ended" = "open";

  constructor(plan: ClusterPlan, events: PortEvents<Call>) {
    this.name = plan.name;
    this.#plan = plan;
    this.#events = events;
    const clock = new RedisClock();
    this.ledger = new Ledger(events, clock);
    this.#maker = new JobMaker(plan, clock);
    this.link = new ClusterLink(plan, clock, {
      take: (message) => this.#take(message),
      jobs: () => this.ledger.jobs,
      joined: (runner) => events.joined(runner),
      left: (runner, how) => this.#left(runner, how),
      added: (job) => this.#added(job),
      unwanted: (job) => this.link.canceller.cancel(job.id, new CancelledError()),
      gaveUp: (job, reached, error) => {
        if (reached === "maybe") this.link.canceller.cancel(job.id, error);
        this.#end(() => this.ledger.reject(job, error));
      },
      removed: (id) => this.#removed(id),
      lost: (job) => this.#end(() => this.ledger.lose(job, new TaskLostError(job.id, taskName(job.first.task)))),
      abandoned: (job) => this.#abandon(job, job.runner?.name),
    });
  }

  /** Agents that have begun something of ours. */
  get busyAgents(): number {
    const busy = new Set<string>();
    for (const { begun, runner } of this.ledger.jobs) if (begun && runner !== undefined) busy.add(runner.name);
    return busy.size;
  }

  /** Calls that all agents together run at once. */
  get capacity(): number {
    return this.link.agents.capacity || GUESS;
  }

  initialize(): void {
    // Later, as with every other worker; calls need not wait for Redis to be there.
    queueMicrotask(() => this.#events.ready());
  }

  send(calls: readonly Call[]): void {
    const plain = calls.filter((call) => {
      const id = givenId(call);
      if (id === undefined) return true;
      this.#sendNamed(call, id);
      return false;
    });
    for (const made of this.#maker.make(plain, this.capacity)) {
      if (made.type === "refused") {
        this.#events.refused(made.call, made.error);
        continue;
      }
      if (made.bytes > LARGE) this.#events.copied(made.bytes);
      this.ledger.add(made.job);
      this.link.sender.push(made.job);
    }
  }

  /** A call that was given its id: it may have been sent in an earlier life, and have its outcome. */
  #sendNamed(call: Call, id: string): void {
    const jobId = this.#maker.idOf(call, id);
    if (this.ledger.has(jobId)) {
      const message = `Cannot submit ${taskName(call.task)}: the id ${JSON.stringify(id)} belongs to a call that has not ended`;
      return this.#events.refused(call, new InvalidStateError(message));
    }
    if (isAttached(call)) {
      const job = new SentJob(jobId, [call], "");
      this.ledger.add(job);
      return this.#find(job, () => {
        job.state = "added";
        void this.link.reconciler.look();
      });
    }
    for (const made of this.#maker.named(call, id)) {
      if (made.type === "refused") this.#events.refused(call, made.error);
      else {
        this.ledger.add(made.job);
        this.#find(made.job, () => this.link.sender.push(made.job));
      }
    }
  }

  /** Looks for the job's outcome in what is kept, for all that are asked for in one turn together.
   *  @param missing is called when there is none yet. */
  #find(job: SentJob, missing: () => void): void {
    this.#sought.push({ job, missing });
    if (this.#sought.length === 1) queueMicrotask(() => void this.#search(this.#sought.splice(0)));
  }

  async #search(sought: readonly Sought[]): Promise<void> {
    const ids = new Set(sought.map(({ job }) => job.id));
    try {
      await this.link.ready();
      await this.link.reader.begun;
      await this.link.reader.scan(({ agent, records }) => {
        if (this.#phase === "ended") return "enough";
        const runner = this.link.agents.runner(agent);
        for (const record of records) {
          if (!ids.has(record.job)) continue;
          this.ledger.take(record, runner);
          // The reader may come upon the same entry.
          this.ledger.expectAgain(record.job);
        }
        return sought.every(({ job }) => job.over) ? "enough" : "more";
      });
      this.#end(() => {
        for (const { job, missing } of sought) if (!job.over) missing();
      });
    } catch (error) {
      if (isLoss(error) && this.#phase === "open") return this.#search(sought);
      this.#end(() => {
        for (const { job } of sought) this.ledger.reject(job, error);
      });
    }
  }

  recall(call: Call): number {
    const job = this.ledger.jobOf(call);
    if (job === undefined || job.begun) return 0;
    const { count } = call;
    this.#withdraw(this.ledger.drop(call));
    return count;
  }

  /** Nobody wants any more what the job would come to. */
  #withdraw(job: SentJob | undefined): void {
    if (job === undefined) return;
    const before = job.state;
    job.state = "withdrawn";
    if (isAttached(job.first)) return;
    // Of one that is on its way the sender says when it is there.
    if (before === "unsure" || before === "added") this.link.canceller.cancel(job.id, new CancelledError());
  }

  held(): readonly Call[] {
    return this.ledger.calls;
  }

  running(): number {
    let running = 0;
    for (const job of this.ledger.jobs) if (job.begun) running += 1;
    return running;
  }

  startedAt(call: Call): number | undefined {
    const job = this.ledger.jobOf(call);
    return job?.begun === true ? job.startedAt : undefined;
  }

  cooperative(): boolean {
    return true;
  }

  runner(call: Call): Runner | undefined {
    return this.ledger.runnerOf(call);
  }

  stop(call: Call, reason: unknown): void {
    const job = this.ledger.jobOf(call);
    if (job === undefined || this.#stopping.has(job)) return;
    // The agent sees to it that the work ends, and says so. When neither it nor Redis says anything, nobody can.
    const patience = call.plan.grace + this.#plan.unavailableAfter;
    const timer = setTimeout(() => this.#end(() => this.ledger.reject(job, reason)), patience).unref();
    this.#stopping.set(job, timer);
    if (job.state === "unsent") {
      job.state = "withdrawn";
      // Later: whoever stops it is not done with it.
      queueMicrotask(() => this.#end(() => this.ledger.reject(job, reason)));
    } else if (job.state !== "adding") this.link.canceller.cancel(job.id, reason);
  }

  examine(): void {
    // The port is no worker: how its agents are, they tell with their heartbeats.
  }

  ping(): void {
    this.#events.alive();
  }

  look(): void {
    // Outcomes are told as they come.
  }

  leave(call: Call): void {
    this.#withdraw(this.ledger.drop(call));
  }

  hold(how: "ref" | "unref"): void {
    this.link.hold(how);
  }

  close(): void {
    void this.#exit();
  }

  terminate(): void {
    const reason = new CancelledError(`The executor ${this.name} was terminated`);
    for (const job of this.ledger.jobs) this.link.canceller.cancel(job.id, reason);
    void this.#exit();
  }

  async #exit(): Promise<void> {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    await this.link.close();
    const jobs = [...this.ledger.jobs];
    this.ledger.clear();
    const exit = { worker: this.name, id: undefined, exitCode: 0, signal: null };
    const running = jobs.filter(({ begun }) => begun).flatMap(leftOf);
    const waiting = jobs.filter(({ begun }) => !begun).flatMap(leftOf);
    this.#events.exited({ exit, cause: undefined }, running, waiting);
  }

  // ── what the cluster tells ───────────────────────────────────────────────────────────────────────────────────────

  #take({ agent, records }: AgentMessage): void {
    if (this.#phase === "ended") return;
    const runner = this.link.agents.runner(agent);
    this.#end(() => {
      for (const record of records) this.ledger.take(record, runner);
    });
  }

  /** Does what may end calls, and tells that there may be room for others. */
  #end(what: () => void): void {
    if (this.#phase === "ended") return;
    what();
    for (const [job, timer] of this.#stopping) {
      if (!job.over) continue;
      clearTimeout(timer);
      this.#stopping.delete(job);
    }
    this.#events.turn();
  }

  #added(job: SentJob): void {
    if (!this.#stopping.has(job)) return;
    const { stop } = job.first;
    this.link.canceller.cancel(job.id, stop?.error ?? new CancelledError());
  }

  #removed(id: string): void {
    const job = this.ledger.job(id);
    if (job !== undefined) this.#end(() => this.ledger.reject(job, new CancelledError()));
  }

  #left(runner: Runner, how: "asked" | "unasked"): void {
    this.#events.left(runner, how);
    if (how === "asked" || this.#phase === "ended") return;
    for (const job of [...this.ledger.jobs]) {
      if (job.runner?.name !== runner.name || !job.begun) continue;
      if (job.once) this.#abandon(job, runner.name);
      // Another agent starts it again when its lock has ended.
      else job.waitAgain();
    }
  }

  #abandon(job: SentJob, agent: string | undefined): void {
    // Whoever finds it in the queue shall not begin it a second time only to say the same.
    this.link.canceller.cancel(job.id, new CancelledError());
    this.#end(() => this.ledger.lose(job, new WorkerLostError(agent, taskName(job.first.task))));
  }
}

/** The items of a job that have no outcome, as a port tells of them at its end. */
function leftOf(job: SentJob): { readonly ticket: Call; readonly offset: number; readonly slot: number }[] {
  return [...job.open()].map((item) => {
    const { call, from } = job.partAt(item);
    return { ticket: call, offset: item - from, slot: 0 };
  });
}
