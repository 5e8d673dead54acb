/** What a call through Redis costs, beside plain BullMQ by hand; and what more agents bring. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Figures, Measure, Participant, Scale } from "../measure.js";
import { startProgram, startRedis } from "../peers/redis.js";
import { nap } from "../tasks/nap.js";
import { square } from "../tasks/square.js";

/** Calls at once in an agent, and in a BullMQ worker. */
const AT_ONCE = 8;
const COMMAND = fileURLToPath(new URL("../../../packages/manyhands/dist/cli/main.js", import.meta.url));

const SIZES = {
  full: { single: 5000, items: 100_000, latency: 500 },
  quick: { single: 1000, items: 20_000, latency: 200 },
} as const;

/** A client's side: a call, many calls at once, many items in chunks of `size`. */
interface Client {
  one(n: number): Promise<unknown>;
  all(count: number): Promise<readonly unknown[]>;
  chunks(count: number, size: number): Promise<readonly unknown[]>;
}

async function perSecond(count: number, run: () => Promise<readonly unknown[]>): Promise<number> {
  const start = performance.now();
  const results = await run();
  const seconds = (performance.now() - start) / 1000;
  const wrong = results.length !== count || results.some((value, n) => value !== n * n);
  if (wrong) throw new Error(`wrong results: ${results.length} of ${count}`);
  return count / seconds;
}

async function latencies(client: Client, count: number): Promise<Figures> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const start = performance.now();
    await client.one(n);
    times.push((performance.now() - start) * 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { "latency p50": at(0.5), "latency p99": at(0.99) };
}

async function figuresOf(client: Client, scale: Scale): Promise<Figures> {
  const { single, items, latency } = SIZES[scale];
  await client.all(500);
  return {
    "single calls": await perSecond(single, () => client.all(single)),
    "chunks of 100": await perSecond(items, () => client.chunks(items, 100)),
    "chunks of 1000": await perSecond(items, () => client.chunks(items, 1000)),
    ...(await latencies(client, latency)),
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function startAgent(port: number, task: string, concurrency: number, name: string): Promise<void> {
  const module = fileURLToPath(new URL(`../tasks/${task}.js`, import.meta.url));
  const where = ["--redis", `redis://127.0.0.1:${port}`, "--name", name];
  await startProgram([COMMAND, "worker", module, ...where, "--concurrency", String(concurrency)]);
}

const manyhands: Participant = {
  name: "manyhands",
  kind: "processes",
  run: async (scale) => {
    const { ClusterExecutor } = await import("@manyhands/cluster");
    const port = await startRedis();
    await startAgent(port, "square", AT_ONCE, "agent");
    const cluster = new ClusterExecutor({ connection: { host: "127.0.0.1", port } });
    const client: Client = {
      one: async (n) => cluster.submit(square, n),
      all: (count) => Promise.all(range(count).map((n) => cluster.submit(square, n))),
      chunks: async (count, chunkSize) => cluster.map(square, range(count), { chunkSize, bufferSize: count }),
    };
    return figuresOf(client, scale);
  },
};

/** @param results how a client hears of them: from its own listener to the queue's events, or by `waitUntilFinished`. */
const plain = (name: string, results: "listener" | "waitUntilFinished"): Participant => ({
  name,
  kind: "processes",
  package: "bullmq",
  run: async (scale) => {
    const [{ Queue, QueueEvents }, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    const port = await startRedis();
    const program = fileURLToPath(new URL("../peers/bullmq-worker.js", import.meta.url));
    await startProgram([program, String(port), String(AT_ONCE)]);
    const connect = () => new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
    const queue = new Queue("plain", { connection: connect() });
    const events = new QueueEvents("plain", { connection: connect() });
    // Each job that is waited for listens there.
    for (const emitter of [queue, events]) emitter.setMaxListeners(0);
    await events.waitUntilReady();
    const waiting = new Map<string, (value: unknown) => void>();
    if (results === "listener") {
      events.on("completed", ({ jobId, returnvalue }) => waiting.get(jobId)?.(returnvalue));
    }
    const add = async (datas: readonly unknown[]): Promise<unknown[]> => {
      const jobs = datas.map((data) => ({ name: "square", data, opts: { jobId: randomUUID() } }));
      if (results === "waitUntilFinished") {
        const added = await queue.addBulk(jobs);
        return Promise.all(added.map((job) => job.waitUntilFinished(events)));
      }
      const ended = jobs.map(({ opts }) =>
        new Promise((resolve) => waiting.set(opts.jobId, resolve)).finally(() => waiting.delete(opts.jobId)),
      );
      await queue.addBulk(jobs);
      return Promise.all(ended);
    };
    return figuresOf(
      {
        one: async (n) => (await add([n]))[0],
        all: (count) => add(range(count)),
        chunks: async (count, size) => {
          const all = range(count);
          return (await add(range(count / size).map((n) => all.slice(n * size, (n + 1) * size)))).flat();
        },
      },
      scale,
    );
  },
});

export const cluster: Measure = {
  name: "cluster",
  title: `square(n) through Redis (AOF on), by one agent that runs ${AT_ONCE} at once`,
  figures: [
    { name: "single calls", unit: "calls/s", better: "higher" },
    { name: "chunks of 100", unit: "items/s", better: "higher" },
    { name: "chunks of 1000", unit: "items/s", better: "higher" },
    { name: "latency p50", unit: "µs", better: "lower" },
    { name: "latency p99", unit: "µs", better: "lower" },
  ],
  quickPeers: ["BullMQ"],
  participants: [manyhands, plain("BullMQ", "listener"), plain("BullMQ, waitUntilFinished", "waitUntilFinished")],
};

const NAP = 5;
const NAPS_AT_ONCE = 4;

async function napsOn(agents: number, scale: Scale): Promise<Figures> {
  const { ClusterExecutor } = await import("@manyhands/cluster");
  const port = await startRedis();
  for (let n = 1; n <= agents; n += 1) await startAgent(port, "nap", NAPS_AT_ONCE, `agent-${n}`);
  const executor = new ClusterExecutor({ connection: { host: "127.0.0.1", port } });
  const napping = (count: number) => Promise.all(range(count).map(() => executor.submit(nap, NAP)));
  await napping(agents * 100);
  const count = agents * (scale === "full" ? 1500 : 300);
  const start = performance.now();
  await napping(count);
  return { "": count / ((performance.now() - start) / 1000) };
}

const scaling = (agents: number): Measure => ({
  name: `cluster, ${agents} ${agents === 1 ? "agent" : "agents"}`,
  title: `calls that wait for ${NAP} ms, on ${agents} agents that run ${NAPS_AT_ONCE} at once`,
  figures: [{ name: "", unit: "calls/s", better: "higher" }],
  quickPeers: [],
  participants: [{ name: "manyhands", kind: "processes", run: (scale) => napsOn(agents, scale) }],
});

export const clusters: readonly Measure[] = [cluster, scaling(1), scaling(2), scaling(4)];
