/** The agent: takes jobs from the queue, has their functions run by a pool of its own, and writes what they came to.
 *
 *  ```
 *  queue ─► BullMQ worker ─► AgentJob ─► ThreadPoolExecutor | ProcessPoolExecutor
 *  (lock, renewed here)         │
 *  client's stream ◄── RecordWriter ◄┘      then the job is taken off the queue
 *  ```
 *  Guarantees: no task runs on this event loop, which renews locks; an outcome stands in its client's stream before its job
 *  leaves the queue, so that a crash in between runs the job again rather than losing what it came to; functions of other
 *  modules are never loaded; Redis may go and come back. */
import { hostname } from "node:os";
import { type Job, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { CancelledError, type LocalExecutor, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { type AnyTask, PortExecutor, type WayIn } from "manyhands/engine";
import { AgentJob } from "./agent-job.js";
import { type AgentOptions, type AgentPlan, planAgent } from "./agent-options.js";
import { Cancels } from "./cancels.js";
import { Connections, whenReady } from "./connections.js";
import { type AgentSelf, type JobData, type JobEnvelope, unpack } from "./envelope.js";
import { rememberClusterErrors, WorkerLostError } from "./errors.js";
import { type AgentInfo, Heartbeat } from "./heartbeat.js";
import { Keys, STARTS } from "./keys.js";
import { inspectRedis, warnOf } from "./preflight.js";
import { RecordWriter } from "./record-writer.js";
import { RedisClock } from "./redis-clock.js";
import type { SentFunction } from "./sent-function.js";
import { ServedModules } from "./served-modules.js";

/** Tasks that are remembered. */
const MOST_TASKS = 1000;
/** How long closing may take when Redis does not answer, in ms. */
const CLOSE_WITHIN = 2000;

/** Runs functions for clients of a cluster.
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option; FunctionRefError (`ERR_FUNCTION_REF`) when a module
 *  cannot be found.
 *  @example
 *  ```ts
 *  const agent = new ClusterAgent({ connection: "redis://10.0.0.5", modules: ["./tasks.js"], concurrency: 4 });
 *  await agent.start();
 *  process.once("SIGTERM", () => void agent.shutdown());
 *  ``` */
export class ClusterAgent implements AsyncDisposable {
  /** Unique among the agents. */
  readonly name: string;
  readonly #plan: AgentPlan;
  readonly #keys: Keys;
  readonly #clock = new RedisClock();
  readonly #served: ServedModules;
  readonly #pool: LocalExecutor;
  readonly #way: WayIn;
  readonly #tasks = new Map<string, AnyTask>();
  readonly #connections: Connections;
  readonly #redis: Redis;
  readonly #writer: RecordWriter;
  readonly #cancels: Cancels;
  readonly #heartbeat: Heartbeat;
  readonly #worker: Worker<JobData, undefined>;
  readonly #jobs = new Map<string, { readonly job: AgentJob; readonly token: string }>();
  readonly #startedAt: number = Date.now();
  #done = 0;
  #state: "new" | "serving" | "draining" | "closed" = "new";
  #ending: Promise<void> | undefined;

  constructor(options: AgentOptions) {
    rememberClusterErrors();
    const plan = planAgent(options);
    this.#plan = plan;
    this.name = plan.name;
    this.#served = new ServedModules({ agent: plan.name, ...plan });
    this.#keys = new Keys(plan.prefix, plan.queue);
    this.#pool = makePool(plan);
    this.#way = PortExecutor.wayInto(this.#pool);
    const heard = plan.onTrouble;
    this.#connections = new Connections(plan.connection, "ref", heard);
    const redis = this.#connections.open("fail");
    this.#redis = redis;
    this.#writer = new RecordWriter(redis, this.#self);
    this.#cancels = new Cancels({
      keys: this.#keys,
      channel: this.#connections.open("wait"),
      redis,
      running: () => [...this.#jobs.keys()],
      stop: (job, reason) => this.#jobs.get(job)?.job.stop(reason),
      heard,
    });
    this.#heartbeat = new Heartbeat({
      redis,
      keys: this.#keys,
      clock: this.#clock,
      name: plan.name,
      every: plan.heartbeat,
      info: () => this.info(),
      heard,
    });
    this.#worker = this.#makeWorker(heard);
    redis.on("ready", () => void this.#keepLocks());
  }

  get #self(): AgentSelf {
    return { name: this.name, pid: process.pid, concurrency: this.#slots };
  }

  /** Calls at once. */
  get #slots(): number {
    return this.#plan.concurrency * (this.#plan.pool.tasksPerWorker ?? 1);
  }

  /** What it is and does. */
  info(): AgentInfo {
    const { on, root, heartbeat } = this.#plan;
    return {
      ...this.#self,
      host: hostname(),
      on,
      modules: this.#served.names,
      root,
      node: process.version,
      startedAt: this.#clock.shared(this.#startedAt),
      running: this.#jobs.size,
      done: this.#done,
      state: this.#state === "draining" ? "draining" : "serving",
      heartbeat,
    };
  }

  /** Begins to take jobs. Resolves when it does, or when it was ended before: as long as Redis cannot be reached it goes on
   *  trying. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      // What it waited for was closed.
      if (this.#state === "new") throw error;
    }
  }

  async #start(): Promise<void> {
    await whenReady(this.#redis);
    await this.#clock.read(this.#redis);
    warnOf(await inspectRedis(this.#redis), `${this.#redis.options.host}:${this.#redis.options.port}`);
    await this.#cancels.start();
    await this.#worker.waitUntilReady();
    if (this.#state !== "new") return;
    this.#state = "serving";
    void this.#worker.run().catch(this.#plan.onTrouble);
    await this.#heartbeat.start();
  }

  /** Takes no more jobs, lets those that run end, and closes. Idempotent.
   *  @remarks Cancellation: there is none; `terminate()` hastens the end. */
  shutdown(): Promise<void> {
    this.#ending ??= this.#drain();
    return this.#ending;
  }

  /** Ends what runs, too: its clients are told that it is lost. Idempotent. */
  async terminate(): Promise<void> {
    const ending = this.shutdown();
    for (const { job } of this.#jobs.values()) {
      const cause = new CancelledError(`Agent ${this.name} was terminated`);
      void job.lose(new WorkerLostError(this.name, job.envelope.name, { cause }));
    }
    await this.#pool.terminate();
    await ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #drain(): Promise<void> {
    const before = this.#state;
    this.#state = "draining";
    void this.#heartbeat.beat();
    // Waits for the jobs that run, and for what they came to to be written.
    const closed = this.#worker.close();
    await Promise.race([closed, this.#unreachable(before)]);
    await this.#pool.shutdown();
    await this.#heartbeat.end();
    this.#state = "closed";
    this.#connections.close();
    await Promise.race([closed.catch(() => undefined), elapsed(CLOSE_WITHIN)]);
  }

  /** Resolves when nothing runs and Redis does not answer: then there is nothing to wait for. */
  async #unreachable(before: string): Promise<void> {
    for (;;) {
      await elapsed(CLOSE_WITHIN);
      if (this.#jobs.size === 0 && (before === "new" || this.#redis.status !== "ready")) return;
    }
  }

  #makeWorker(heard: (error: unknown) => void): Worker<JobData, undefined> {
    const { queue, prefix, lockDuration, stalledInterval } = this.#plan;
    const worker = new Worker<JobData, undefined>(queue, (job) => this.#process(job), {
      connection: this.#connections.open("wait"),
      prefix,
      autorun: false,
      concurrency: this.#slots,
      lockDuration,
      stalledInterval,
      // How often a job may be started it says itself, and whoever starts it once too often tells its client.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      name: this.name,
    });
    worker.on("error", heard);
    return worker;
  }

  async #process(bull: Job<JobData, undefined>): Promise<undefined> {
    if (this.#state !== "serving") return await this.#giveBack(bull);
    const id = bull.id ?? "";
    const envelope = unpack<JobEnvelope>(Buffer.from(bull.data.b64, "base64"));
    const { client, keep } = envelope;
    if (await this.#orphaned(envelope)) return undefined;
    const stream = this.#keys.results(client);
    const job = new AgentJob(id, envelope, {
      way: this.#way,
      clock: this.#clock,
      pool: this.name,
      tell: (record) => this.#writer.tell(stream, keep, record),
    });
    this.#jobs.set(id, { job, token: bull.token ?? "" });
    try {
      await this.#carryOut(job, bull.attemptsStarted);
      if (bull.attemptsStarted > 1)
        this.#writer.tell(stream, keep, { type: "again", job: id, start: bull.attemptsStarted });
      await this.#writer.written();
    } finally {
      this.#jobs.delete(id);
      this.#done += 1;
    }
    return undefined;
  }

  /** A job that came while the agent was already draining: BullMQ may fetch one more then. */
  async #giveBack(bull: Job<JobData, undefined>): Promise<undefined> {
    // It has not been begun, and may be begun as often as before.
    await this.#redis.hincrby(this.#keys.job(bull.id ?? ""), STARTS, -1);
    await bull.moveToWait(bull.token);
    throw new WaitingError();
  }

  /** @param start which start of the job this is, from 1. */
  #carryOut(job: AgentJob, start: number): Promise<void> {
    const { envelope, id } = job;
    const cancelled = this.#cancels.reasonFor(id);
    if (cancelled !== undefined) return job.end(new CancelledError(undefined, { cause: cancelled.reason }));
    if (start > envelope.starts) return job.lose(new WorkerLostError(undefined, envelope.name));
    try {
      return job.run(this.#taskOf(envelope), envelope.attempt + start - 1);
    } catch (error) {
      return job.end(error);
    }
  }

  /** Whether nobody has waited for the job for as long as its client wants to be remembered. */
  async #orphaned({ at, keep, client }: JobEnvelope): Promise<boolean> {
    if (this.#clock.now() - at < keep * 1000) return false;
    return (await this.#redis.exists(this.#keys.client(client))) === 0;
  }

  #taskOf({ fn, name }: JobEnvelope): AnyTask {
    const key = keyOf(fn);
    let task = this.#tasks.get(key);
    if (task === undefined) {
      task = this.#way.task(this.#served.find(fn), name);
      if (this.#tasks.size >= MOST_TASKS) this.#tasks.clear();
      this.#tasks.set(key, task);
    }
    return task;
  }

  /** Redis was away, and locks may have ended in that time: those of jobs that still run here are taken again, unless
   *  another agent has the job by now. */
  async #keepLocks(): Promise<void> {
    try {
      for (const [id, { token }] of this.#jobs) {
        await this.#redis.set(this.#keys.lock(id), token, "PX", this.#plan.lockDuration, "NX");
      }
    } catch (error) {
      // The next connection tries again.
      this.#plan.onTrouble(error);
    }
  }
}

function makePool({ on, pool, concurrency, name }: AgentPlan): LocalExecutor {
  const options = { ...pool, name, maxWorkers: concurrency };
  return on === "threads" ? new ThreadPoolExecutor(options) : new ProcessPoolExecutor(options);
}

function keyOf(fn: SentFunction): string {
  return JSON.stringify(fn);
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
