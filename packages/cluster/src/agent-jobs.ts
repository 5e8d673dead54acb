/** The jobs that an agent runs.
 *
 *  Guarantees: an outcome is written before its job is done with; a job runs once at a time in an agent, also when it comes
 *  back because its lock had ended; one that comes when no more are taken goes back as it came. */
import { type Job, WaitingError } from "bullmq";
import type { Redis } from "ioredis";
import { CancelledError } from "manyhands";
import type { AnyTask, WayIn } from "manyhands/engine";
import { AgentJob } from "./agent-job.js";
import { type JobData, type JobEnvelope, unpack } from "./envelope.js";
import { WorkerLostError } from "./errors.js";
import { type Keys, STARTS } from "./keys.js";
import type { RecordWriter } from "./record-writer.js";
import type { RedisClock } from "./redis-clock.js";
import type { ServedModules } from "./served-modules.js";

/** Tasks that are remembered. */
const MOST_TASKS = 1000;

export interface AgentJobsSettings {
  readonly agent: string;
  /** In ms. */
  readonly lockDuration: number;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly way: WayIn;
  readonly served: ServedModules;
  readonly writer: RecordWriter;
  /** Why the job was cancelled, if it was. */
  cancelled(job: string): { readonly reason: unknown } | undefined;
  /** What the agent takes now. */
  takes(): "jobs" | "nothing";
  heard(error: unknown): void;
}

interface Running {
  readonly job: AgentJob;
  readonly ended: Promise<undefined>;
  /** By which BullMQ knows whose the job's lock is. */
  readonly token: string;
}

export class AgentJobs {
  /** Jobs that have ended here. */
  done = 0;
  readonly #settings: AgentJobsSettings;
  readonly #running = new Map<string, Running>();
  readonly #tasks = new Map<string, AnyTask>();

  constructor(settings: AgentJobsSettings) {
    this.#settings = settings;
  }

  get ids(): readonly string[] {
    return [...this.#running.keys()];
  }

  get running(): number {
    return this.#running.size;
  }

  stop(id: string, reason: unknown): void {
    this.#running.get(id)?.job.stop(reason);
  }

  /** What runs is over: clients are told that it is lost. */
  loseAll(cause: Error): void {
    for (const { job } of this.#running.values()) {
      void job.lose(new WorkerLostError(this.#settings.agent, job.envelope.name, { cause }), "as-planned");
    }
  }

  /** Carries out what BullMQ has fetched. When this resolves the job may leave the queue; `WaitingError` leaves it where it is. Any other
   *  error would have BullMQ delete the job, and its client wait for nothing. */
  async process(bull: Job<JobData, undefined>): Promise<undefined> {
    if (this.#settings.takes() === "nothing") return await this.#giveBack(bull);
    const { id = "", token = "", attemptsStarted } = bull;
    const envelope = unpack<JobEnvelope>(Buffer.from(bull.data.b64, "base64"));
    if (await this.#orphaned(envelope)) return undefined;
    // Its lock had ended, and it came back to where it still runs: what that comes to is the outcome of both.
    const before = this.#running.get(id);
    if (before !== undefined) return await before.ended;
    const { way, clock, agent, writer, keys } = this.#settings;
    const stream = keys.results(envelope.client);
    const job = new AgentJob(id, envelope, {
      way,
      clock,
      pool: agent,
      tell: (record) => writer.tell(stream, envelope.keep, record),
    });
    const ended = this.#run(job, attemptsStarted, stream);
    this.#running.set(id, { job, ended, token });
    return await ended;
  }

  async #run(job: AgentJob, start: number, stream: string): Promise<undefined> {
    const { writer } = this.#settings;
    try {
      await this.#carryOut(job, start);
      if (start > 1) writer.tell(stream, job.envelope.keep, { type: "again", job: job.id, start });
      await writer.written();
      return undefined;
    } catch (error) {
      this.#settings.heard(error);
      // What it came to could not be told: the job must not leave the queue as if it had been. Another agent finds it.
      throw new WaitingError();
    } finally {
      this.#running.delete(job.id);
      this.done += 1;
    }
  }

  /** @param start which start of the job this is, from 1. */
  #carryOut(job: AgentJob, start: number): Promise<void> {
    const { envelope, id } = job;
    const cancelled = this.#settings.cancelled(id);
    if (cancelled !== undefined) return job.end(new CancelledError(undefined, { cause: cancelled.reason }));
    if (start > envelope.starts) return job.lose(new WorkerLostError(undefined, envelope.name), "never");
    try {
      return job.run(this.#taskOf(envelope), envelope.attempt + start - 1);
    } catch (error) {
      return job.end(error);
    }
  }

  /** A job that came while the agent was already draining: BullMQ may fetch one more then. */
  async #giveBack(bull: Job<JobData, undefined>): Promise<undefined> {
    const { redis, keys, heard } = this.#settings;
    try {
      // It has not been begun, and may be begun as often as before.
      await redis.hincrby(keys.job(bull.id ?? ""), STARTS, -1);
      await bull.moveToWait(bull.token);
    } catch (error) {
      // It goes back when its lock has ended.
      heard(error);
    }
    throw new WaitingError();
  }

  /** Whether nobody has waited for the job for as long as its client wants to be remembered. */
  async #orphaned({ at, keep, client }: JobEnvelope): Promise<boolean> {
    const { clock, redis, keys, heard } = this.#settings;
    if (clock.now() - at < keep * 1000) return false;
    try {
      return (await redis.exists(keys.client(client))) === 0;
    } catch (error) {
      // Run for nothing is better than not run.
      heard(error);
      return false;
    }
  }

  #taskOf({ fn, name }: JobEnvelope): AnyTask {
    const key = JSON.stringify(fn);
    let task = this.#tasks.get(key);
    if (task === undefined) {
      const { way, served } = this.#settings;
      task = way.task(served.find(fn), name);
      if (this.#tasks.size >= MOST_TASKS) this.#tasks.clear();
      this.#tasks.set(key, task);
    }
    return task;
  }

  /** Redis was away, and locks may have ended in that time: those of jobs that still run here are taken again, unless
   *  another agent has the job by now. And nobody shall look for ended locks before all agents have come back. */
  async keepLocks(): Promise<void> {
    const { redis, keys, lockDuration, heard } = this.#settings;
    try {
      await redis.set(keys.stalledCheck, Date.now(), "PX", lockDuration);
      for (const [id, { token }] of this.#running) await redis.set(keys.lock(id), token, "PX", lockDuration, "NX");
    } catch (error) {
      // The next connection tries again.
      heard(error);
    }
  }
}
