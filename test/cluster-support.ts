/** What tests of the cluster stand on: one Redis for a file of tests, clients and agents that end with their test. */
import { randomUUID } from "node:crypto";
import {
  type AgentOptions,
  ClusterAgent,
  type ClusterConnection,
  ClusterExecutor,
  type ClusterOptions,
} from "@manyhands/cluster";
import { afterAll, beforeAll } from "vitest";
import { ROOT } from "./conformance/cluster.js";
import { within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";
import { RedisServer } from "./redis.js";

/** A Redis for all tests of the file. @returns where it is, once the tests run. */
export function redisForAll(settings: readonly string[] = []): { readonly redis: RedisServer } {
  const held: { redis: RedisServer | undefined } = { redis: undefined };
  beforeAll(async () => {
    held.redis = await RedisServer.start(settings);
  });
  afterAll(() => held.redis?.stop());
  return {
    get redis() {
      if (held.redis === undefined) throw new Error("Redis is there only while tests run");
      return held.redis;
    },
  };
}

/** A cluster of a test's own: its queue on that Redis. */
export class TestCluster {
  readonly queue: string = randomUUID();
  readonly connection: ClusterConnection;

  constructor(connection: ClusterConnection) {
    this.connection = connection;
  }

  client(options: Partial<ClusterOptions> = {}): ClusterExecutor {
    return keep(new ClusterExecutor({ connection: this.connection, queue: this.queue, ...options }));
  }

  /** An agent in this process, that serves all tasks of the tests unless it is told others. */
  async agent(options: Partial<AgentOptions> = {}): Promise<ClusterAgent> {
    const agent = new ClusterAgent({
      connection: this.connection,
      queue: this.queue,
      ...(options.modules === undefined ? { root: ROOT } : {}),
      concurrency: 2,
      ...options,
    });
    later(() => within(agent.terminate(), "terminate() of the agent", 10_000));
    await within(agent.start(), "start() of the agent", 10_000);
    return agent;
  }
}
