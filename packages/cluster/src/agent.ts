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
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { CancelledError, type LocalExecutor, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { PortExecutor } from "manyhands/engine";
import { AgentJobs } from "./agent-jobs.js";
import { type AgentOptions, type AgentPlan, planAgent } from "./agent-options.js";
import { Cancels } from "./cancels.js";
import { BREATH, Connections, whenReady } from "./connections.js";
import type { AgentSelf, JobData } from "./envelope.js";
import { rememberClusterErrors } from "./errors.js";
import { type AgentInfo, Heartbeat } from "./heartbeat.js";
import { Keys } from "./keys.js";
import { inspectRedis, warnOf } from "./preflight.js";
import { RecordWriter } from "./record-writer.js";
import { RedisClock } from "./redis-clock.js";
import { ServedModules } from "./served-modules.js";

/** How long closing may take when nothing runs any more, in ms, and how often to look in that time whether that is so. */
const CLOSE_WITHIN = 2000;
const IDLE_LOOKS = 4;

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
  readonly #jobs: AgentJobs;
  readonly #connections: Connections;
  readonly #redis: Redis;
  readonly #cancels: Cancels;
  readonly #heartbeat: Heartbeat;
  readonly #worker: Worker<JobData, undefined>;
  readonly #startedAt: number = Date.now();
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
    const heard = plan.onTrouble;
    this.#connections = new Connections(plan.connection, "ref", heard);
    const redis = this.#connections.open("fail");
    this.#redis = redis;
    this.#jobs = this.#makeJobs();
    this.#cancels = new Cancels({
      keys: this.#keys,
      channel: this.#connections.open("wait"),
      redis,
      running: () => this.#jobs.ids,
      stop: (job, reason) => this.#jobs.stop(job, reason),
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
    redis.on("ready", () => {
      if (this.#state !== "new") void this.#jobs.keepLocks();
    });
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
      running: this.#jobs.running,
      done: this.#jobs.done,
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
    this.#jobs.loseAll(new CancelledError(`Agent ${this.name} was terminated`));
    await this.#pool.terminate();
    await ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #drain(): Promise<void> {
    this.#state = "draining";
    void this.#heartbeat.beat();
    // Waits for the jobs that run, and for what they came to to be written.
    const closed = this.#worker.close();
    await Promise.race([closed, this.#idle()]);
    await this.#pool.shutdown();
    await this.#heartbeat.end();
    this.#state = "closed";
    this.#connections.close();
    await Promise.race([closed.catch(() => undefined), elapsed(CLOSE_WITHIN)]);
  }

  /** Resolves when nothing has run here for a while: BullMQ may wait for connections that are just being lost or made. */
  async #idle(): Promise<void> {
    for (let idle = 0; idle < IDLE_LOOKS; idle = this.#jobs.running === 0 ? idle + 1 : 0) {
      await elapsed(CLOSE_WITHIN / IDLE_LOOKS);
    }
  }

  #makeJobs(): AgentJobs {
    const { lockDuration, onTrouble } = this.#plan;
    return new AgentJobs({
      agent: this.name,
      lockDuration,
      redis: this.#redis,
      keys: this.#keys,
      clock: this.#clock,
      way: PortExecutor.wayInto(this.#pool),
      served: this.#served,
      writer: new RecordWriter(this.#redis, this.#self),
      cancelled: (job) => this.#cancels.reasonFor(job),
      takes: () => (this.#state === "serving" ? "jobs" : "nothing"),
      heard: onTrouble,
    });
  }

  #makeWorker(heard: (error: unknown) => void): Worker<JobData, undefined> {
    const { queue, prefix, lockDuration, stalledInterval } = this.#plan;
    const worker = new Worker<JobData, undefined>(queue, (job) => this.#jobs.process(job), {
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
      runRetryDelay: 2 * BREATH,
      name: this.name,
    });
    worker.on("error", heard);
    return worker;
  }
}

function makePool({ on, pool, concurrency, name }: AgentPlan): LocalExecutor {
  const options = { ...pool, name, maxWorkers: concurrency };
  return on === "threads" ? new ThreadPoolExecutor(options) : new ProcessPoolExecutor(options);
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
