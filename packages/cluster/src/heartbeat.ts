/** An agent says that it lives, and what it is doing.
 *
 *  Guarantees: what it said goes by itself when nothing follows; an agent that ends in good order says so at once. */
import { hostname } from "node:os";
import type { Redis } from "ioredis";
import type { AgentSelf } from "./envelope.js";
import type { Keys } from "./keys.js";
import type { RedisClock } from "./redis-clock.js";

/** Beats that may be missed before an agent counts as gone. */
export const MISSED = 3;

/** For how many beats it is told that an agent has ended. */
const REMEMBERED = 20;

/** An agent, as `workers()` of the executor shows it. */
export interface AgentInfo extends AgentSelf {
  readonly host: string;
  /** Where its pool runs. */
  readonly on: "threads" | "processes";
  /** The modules that it was started with. */
  readonly modules: readonly string[];
  readonly root: string | undefined;
  readonly node: string;
  /** Epoch ms by the clock of Redis. */
  readonly startedAt: number;
  /** Jobs that it runs now. */
  readonly running: number;
  /** Jobs that have ended on it. */
  readonly done: number;
  readonly state: "serving" | "draining" | "ended";
  /** How often it beats, in ms. */
  readonly heartbeat: number;
}

export interface HeartbeatSettings {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly name: string;
  /** In ms. */
  readonly every: number;
  info(): AgentInfo;
  heard(error: unknown): void;
}

export class Heartbeat {
  readonly #settings: HeartbeatSettings;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
  }

  /** Beats now, and from now on. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.beat(), this.#settings.every);
    await this.beat();
  }

  async beat(): Promise<void> {
    const { redis, keys, clock, name, every, info, heard } = this.#settings;
    // Otherwise beats would wait for the connection, and all come at once.
    if (redis.status !== "ready") return;
    const lasts = MISSED * every;
    try {
      await clock.read(redis);
      const pipeline = redis.pipeline();
      pipeline.set(keys.agent(name), JSON.stringify(info()), "PX", lasts);
      pipeline.zadd(keys.agents, Math.round(clock.now()) + lasts, name);
      pipeline.zremrangebyscore(keys.agents, "-inf", Math.round(clock.now()) - lasts);
      pipeline.pexpire(keys.agents, 10 * lasts);
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    } catch (error) {
      heard(error);
    }
  }

  /** No more. For some time it is still to be read that it has ended in good order. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    const { redis, keys, name, every, info, heard } = this.#settings;
    if (redis.status !== "ready") return;
    try {
      const last: AgentInfo = { ...info(), state: "ended" };
      const pipeline = redis.pipeline().zrem(keys.agents, name);
      await pipeline.set(keys.agent(name), JSON.stringify(last), "PX", REMEMBERED * every).exec();
    } catch (error) {
      // It goes by itself when it has not been heard of for a while.
      heard(error);
    }
  }
}

/** A name that no other agent has. */
export function defaultAgentName(): string {
  made += 1;
  return made === 1 ? `${hostname()}-${process.pid}` : `${hostname()}-${process.pid}-${made}`;
}

let made = 0;
