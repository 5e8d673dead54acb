/** Which agents there are, as a client sees it.
 *
 *  Guarantees: an agent counts as gone when it has not been heard of for as long as it is believed without a sign, counted from when
 *  this client could hear of it again: that Redis was away says nothing about agents. */
import type { Redis } from "ioredis";
import type { Runner } from "manyhands/engine";
import type { AgentSelf } from "./envelope.js";
import { type AgentInfo, MISSED } from "./heartbeat.js";
import type { Keys } from "./keys.js";
import type { RedisClock } from "./redis-clock.js";

export interface AgentsViewSettings {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  /** In ms. */
  readonly every: number;
  joined(runner: Runner): void;
  left(runner: Runner, how: "asked" | "unasked"): void;
  heard(error: unknown): void;
}

interface Known {
  readonly runner: Runner;
  heartbeat: number;
  /** Since when it has not been in the list, by `performance.now()`. */
  missing: number | undefined;
}

export class AgentsView {
  readonly #settings: AgentsViewSettings;
  readonly #known = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;
  #phase: "open" | "closed" = "open";

  constructor(settings: AgentsViewSettings) {
    this.#settings = settings;
    settings.redis.on("ready", () => {
      for (const known of this.#known.values()) known.missing = undefined;
      void this.look();
    });
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), this.#settings.every).unref();
  }

  close(): void {
    this.#phase = "closed";
    clearInterval(this.#timer);
    for (const { runner } of this.#known.values()) this.#settings.left(runner, "asked");
    this.#known.clear();
  }

  /** Names of those that are there. */
  get names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** Calls that all of them together run at once. */
  get capacity(): number {
    let slots = 0;
    for (const { runner } of this.#known.values()) slots += runner.slots;
    return slots;
  }

  /** The agent that tells of itself: it is there. */
  runner({ name, pid, concurrency }: AgentSelf): Runner {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = {
        runner: { name, id: pid, slots: concurrency },
        heartbeat: this.#settings.every,
        missing: undefined,
      };
      this.#known.set(name, known);
      this.#settings.joined(known.runner);
    }
    known.missing = undefined;
    return known.runner;
  }

  /** Asks Redis. @returns all that live. */
  async list(): Promise<readonly AgentInfo[]> {
    const { redis, keys, clock } = this.#settings;
    await clock.read(redis);
    return this.#infos(await redis.zrangebyscore(keys.agents, Math.round(clock.now()), "+inf"));
  }

  async #infos(names: readonly string[]): Promise<readonly AgentInfo[]> {
    const { redis, keys } = this.#settings;
    if (names.length === 0) return [];
    const texts = await redis.mget(names.map((name) => keys.agent(name)));
    return texts.filter((text) => text !== null).map((text) => JSON.parse(text) as AgentInfo);
  }

  /** Looks who is there. */
  async look(): Promise<void> {
    if (this.#settings.redis.status !== "ready" || this.#phase === "closed") return;
    try {
      const live = await this.list();
      const here = new Set(live.map(({ name }) => name));
      this.#compare(live, await this.#infos([...this.#known.keys()].filter((name) => !here.has(name))));
    } catch (error) {
      this.#settings.heard(error);
    }
  }

  /** @param missing what those said last that are not there any more. */
  #compare(live: readonly AgentInfo[], missing: readonly AgentInfo[]): void {
    // The answer may have been on its way.
    if (this.#phase === "closed") return;
    const now = performance.now();
    const names = new Set(live.map(({ name }) => name));
    const ended = new Set(missing.filter(({ state }) => state === "ended").map(({ name }) => name));
    for (const info of live) {
      this.runner(info);
      const known = this.#known.get(info.name);
      if (known === undefined) continue;
      known.heartbeat = info.heartbeat;
    }
    for (const [name, known] of this.#known) {
      if (names.has(name)) continue;
      known.missing ??= now;
      const inGoodOrder = ended.has(name);
      if (!inGoodOrder && now - known.missing < MISSED * known.heartbeat) continue;
      this.#known.delete(name);
      this.#settings.left(known.runner, inGoodOrder ? "asked" : "unasked");
    }
  }
}
