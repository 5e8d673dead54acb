/** The same laws over a cluster: a client, a Redis and agents. */
import { randomUUID } from "node:crypto";
import { ClusterAgent } from "@manyhands/cluster";
import { afterAll, beforeAll, describe } from "vitest";
import { RedisServer } from "../redis.js";
import { CANCELLING } from "./cancelling.js";
import { clusterCandidate, QUEUE_VARIABLE, REDIS_VARIABLE, ROOT } from "./cluster.js";
import { conformance } from "./conformance.js";
import { CROSSING } from "./crossing.js";
import { ENDING } from "./ending.js";
import { MAPPING } from "./mapping.js";
import { MATRIX } from "./matrix.js";
import { SCHEDULING } from "./scheduling.js";
import { TIMING } from "./timing.js";

let redis: RedisServer;
let agent: ClusterAgent;
/** Where Redis is stands fast only when it runs. */
const connection = { host: "127.0.0.1", port: 0 };

beforeAll(async () => {
  redis = await RedisServer.start();
  connection.port = redis.port;
  // The agent of all programs.
  const queue = randomUUID();
  agent = new ClusterAgent({
    connection,
    queue,
    root: ROOT,
    acceptSource: true,
    concurrency: 4,
    // One of them fills its heap.
    pool: { resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 } },
  });
  await agent.start();
  process.env[REDIS_VARIABLE] = redis.url;
  process.env[QUEUE_VARIABLE] = queue;
});

afterAll(async () => {
  await agent.terminate();
  await redis.stop();
});

describe("over a cluster", () => {
  const { name, make, traits } = clusterCandidate(connection, "threads");
  conformance("A task that", name, make, traits, MATRIX);
  conformance("Functions and values", name, make, traits, CROSSING);
  conformance("Map", name, make, traits, MAPPING);
  conformance("Cancelling", name, make, traits, CANCELLING);
  conformance("Time and retries", name, make, traits, TIMING);
  conformance("Scheduling and workers", name, make, traits, SCHEDULING);
  conformance("Ending", name, make, traits, ENDING);
});
