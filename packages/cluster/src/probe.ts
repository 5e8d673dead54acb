/** A look at a cluster that asks and goes: it needs no executor that is at work, and leaves none behind. */
import type { Redis } from "ioredis";
import { AgentsView } from "./agents-view.js";
import type { ClusterPlan } from "./cluster-options.js";
import { Connections, whenReady } from "./connections.js";
import { ClusterUnavailableError } from "./errors.js";
import type { AgentInfo } from "./heartbeat.js";
import { Keys } from "./keys.js";
import { inspectRedis, type RedisProblem } from "./preflight.js";
import { RedisClock } from "./redis-clock.js";

export interface Probe {
  agents(): Promise<readonly AgentInfo[]>;
  problems(): Promise<readonly RedisProblem[]>;
}

/** Connects, asks, and closes.
 *  @throws ClusterUnavailableError when Redis does not answer in time. */
export async function withProbe<R>(plan: ClusterPlan, ask: (probe: Probe) => Promise<R>): Promise<R> {
  let trouble: unknown;
  const connections = new Connections(plan.connection, "ref", (error) => {
    trouble = error;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `Redis did not answer within ${plan.unavailableAfter} ms`;
      reject(new ClusterUnavailableError(message, { cause: trouble }));
    }, plan.unavailableAfter);
  });
  try {
    const redis = connections.open("fail");
    return await Promise.race([asked(redis, plan, ask), late]);
  } finally {
    clearTimeout(timer);
    connections.close();
  }
}

async function asked<R>(redis: Redis, plan: ClusterPlan, ask: (probe: Probe) => Promise<R>): Promise<R> {
  await whenReady(redis);
  const agents = new AgentsView({
    redis,
    keys: new Keys(plan.prefix, plan.queue),
    clock: new RedisClock(),
    every: plan.agentsInterval,
    joined: () => undefined,
    left: () => undefined,
    heard: () => undefined,
  });
  return ask({ agents: () => agents.list(), problems: () => inspectRedis(redis) });
}
