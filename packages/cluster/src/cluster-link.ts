/** A client's line to Redis: its connections, and those who work over them.
 *
 *  Guarantees: opened with its first use, closed once; the connections keep the program alive only while somebody waits. */
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Runner } from "manyhands/engine";
import { AgentsView } from "./agents-view.js";
import { Canceller } from "./canceller.js";
import type { ClusterPlan } from "./cluster-options.js";
import { Connections, whenReady } from "./connections.js";
import type { AgentMessage, JobData } from "./envelope.js";
import { ClusterUnavailableError } from "./errors.js";
import { MISSED } from "./heartbeat.js";
import { Keys } from "./keys.js";
import { inspectRedis, warnOf } from "./preflight.js";
import { Reconciler } from "./reconciler.js";
import type { RedisClock } from "./redis-clock.js";
import { ResultReader } from "./result-reader.js";
import { Sender } from "./sender.js";
import type { SentJob } from "./sent-job.js";

/** What the link tells. */
export interface LinkEvents {
  take(message: AgentMessage): void;
  jobs(): Iterable<SentJob>;
  joined(runner: Runner): void;
  left(runner: Runner, how: "asked" | "unasked"): void;
  added(job: SentJob): void;
  unwanted(job: SentJob): void;
  gaveUp(job: SentJob, reached: "maybe" | "no", error: ClusterUnavailableError): void;
  removed(job: string): void;
  lost(job: SentJob): void;
  abandoned(job: SentJob): void;
}

export class ClusterLink {
  readonly clock: RedisClock;
  readonly keys: Keys;
  readonly redis: Redis;
  readonly sender: Sender;
  readonly canceller: Canceller;
  readonly agents: AgentsView;
  readonly reconciler: Reconciler;
  readonly reader: ResultReader;
  readonly #plan: ClusterPlan;
  readonly #connections: Connections;
  readonly #queue: Queue<JobData>;
  #sign: NodeJS.Timeout | undefined;
  #trouble: unknown;
  #closing: Promise<void> | undefined;
  #ready: Promise<void> | undefined;

  constructor(plan: ClusterPlan, clock: RedisClock, events: LinkEvents) {
    this.#plan = plan;
    this.clock = clock;
    this.keys = new Keys(plan.prefix, plan.queue);
    const heard = (error: unknown): void => {
      this.#trouble = error;
    };
    this.#connections = new Connections(plan.connection, "unref", heard);
    const redis = this.#connections.open("fail");
    this.redis = redis;
    this.#queue = this.#openQueue(heard);
    const caughtUp = (): Promise<void> => this.reader.caughtUp();
    const shared = { ...events, redis, queue: this.#queue, keys: this.keys, heard, caughtUp };
    const { client, life, keep, unavailableAfter, agentsInterval, reconcileInterval } = plan;
    this.reader = new ResultReader({
      ...shared,
      reader: this.#connections.open("fail"),
      stream: this.keys.results(client),
      read: life === "once" ? "cut" : "kept",
    });
    this.sender = new Sender({
      ...shared,
      patience: unavailableAfter,
      gaveUp: (job, reached, cause) => events.gaveUp(job, reached, this.unavailable(cause)),
    });
    this.canceller = new Canceller({ ...shared, keep });
    this.agents = new AgentsView({ ...shared, clock, every: agentsInterval });
    this.reconciler = new Reconciler({
      ...shared,
      every: reconcileInterval,
      patience: 3 * MISSED * agentsInterval,
    });
    void this.#begin();
  }

  /** Resolves when Redis answers.
   *  @throws ClusterUnavailableError when it does not for too long. */
  ready(): Promise<void> {
    // One wait for all who ask.
    this.#ready ??= this.#untilReady().finally(() => {
      this.#ready = undefined;
    });
    return this.#ready;
  }

  async #untilReady(): Promise<void> {
    const { unavailableAfter } = this.#plan;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.unavailable(this.#trouble)), unavailableAfter);
    });
    try {
      await Promise.race([whenReady(this.redis), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  hold(how: "ref" | "unref"): void {
    this.#connections.hold(how);
  }

  unavailable(cause: unknown): ClusterUnavailableError {
    const reason = cause ?? this.#trouble;
    const why = reason instanceof Error && reason.message !== "" ? `: ${reason.message}` : "";
    const message = `Redis did not take it within ${this.#plan.unavailableAfter} ms${why}`;
    return new ClusterUnavailableError(message, reason === undefined ? undefined : { cause: reason });
  }

  /** Tells Redis what it can still be told, and closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sign);
    this.sender.close();
    this.reconciler.close();
    await Promise.race([this.#farewell(), new Promise((resolve) => setTimeout(resolve, FAREWELL).unref())]);
    this.canceller.close();
    this.agents.close();
    this.reader.close();
    this.#connections.close();
  }

  async #farewell(): Promise<void> {
    try {
      await this.canceller.told();
      if (this.redis.status !== "ready") return;
      const { client, life } = this.#plan;
      if (life === "once") await this.redis.unlink(this.keys.results(client), this.keys.client(client));
    } catch (error) {
      // Both expire by themselves.
      this.#trouble = error;
    }
  }

  #openQueue(heard: (error: unknown) => void): Queue<JobData> {
    const queue = new Queue<JobData>(this.#plan.queue, {
      connection: this.redis,
      prefix: this.#plan.prefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
      streams: { events: { maxLen: EVENTS } },
    });
    queue.on("error", heard);
    return queue;
  }

  /** What is done once Redis can be reached, and from then on. */
  async #begin(): Promise<void> {
    this.agents.start();
    this.reconciler.start();
    this.#sign = setInterval(() => void this.#giveSign(), Math.min(60_000, (this.#plan.keep * 1000) / 4)).unref();
    try {
      await whenReady(this.redis);
      await this.clock.read(this.redis);
      await this.#giveSign();
      warnOf(await inspectRedis(this.redis), `${this.redis.options.host}:${this.redis.options.port}`);
    } catch (error) {
      this.#trouble = error;
    }
  }

  /** As long as the client is there, so is what is kept for it. */
  async #giveSign(): Promise<void> {
    const { client, keep } = this.#plan;
    if (this.redis.status !== "ready") return;
    try {
      const pipeline = this.redis.pipeline();
      pipeline.set(this.keys.client(client), process.pid, "EX", keep);
      pipeline.expire(this.keys.results(client), keep);
      if (this.#plan.life === "again") {
        const oldest = Math.max(0, Math.floor(this.clock.now() - keep * 1000));
        pipeline.xtrim(this.keys.results(client), "MINID", oldest);
      }
      await pipeline.exec();
    } catch (error) {
      this.#trouble = error;
    }
  }
}

/** Entries that BullMQ keeps of its own events, which nobody here reads. */
const EVENTS = 100;
/** How long saying good-bye may take, in ms. */
const FAREWELL = 1000;
