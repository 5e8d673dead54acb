/** What is the cluster's own: names of functions, versions, sizes, ids, what Redis is told and what it keeps. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ClusterExecutor,
  ClusterUnavailableError,
  NotServedError,
  PayloadTooLargeError,
  TaskLostError,
  VersionMismatchError,
  withId,
} from "@manyhands/cluster";
import { Redis } from "ioredis";
import { moduleRef, SerializationError, WorkerExitedError } from "manyhands";
import { aggregate, subscribe } from "manyhands/observe";
import { Event } from "manyhands/threading";
import { expect, test } from "vitest";
import { add, giveBuffer, identity, record, square } from "#tasks/basic.js";
import { killOneself } from "#tasks/exiting.js";
import { passGate } from "#tasks/gate.js";
import { carryBoth, request, seenByItem, seenLater } from "#tasks/observing.js";
import { redisForAll, TestCluster } from "./cluster-support.js";
import { errorOf, linesOf, node, outputOf, until, within } from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";
import { RedisServer } from "./redis.js";

const held = redisForAll();
const newCluster = (): TestCluster => new TestCluster(held.redis.url);

function redisClient(port: number = held.redis.port): Redis {
  const client = new Redis(port, "127.0.0.1");
  later(() => client.disconnect());
  return client;
}

const basicUrl = import.meta.resolve("#tasks/basic.js");

/** A package called `name` of one module that exports `answer`, which gives `text`. */
function packageOf(name: string, text: string): string {
  const home = folder();
  writeFileSync(join(home, "package.json"), JSON.stringify({ name, type: "module" }));
  mkdirSync(join(home, "src"));
  const module = join(home, "src", "answer.js");
  writeFileSync(module, `export const answer = () => ${JSON.stringify(text)};\n`);
  return module;
}

const answerOf = (module: string) => moduleRef<{ answer(): string }>(new URL(`file://${module}`)).answer;

// ── which functions an agent runs ──────────────────────────────────────────────────────────────────────────────────

test("an agent runs the functions of the modules that it was given, and refuses all others", async () => {
  const cluster = newCluster();
  await cluster.agent({ modules: [basicUrl] });
  const client = cluster.client();
  expect(await client.submit(add, 1, 2)).toBe(3);
  const error = await errorOf(NotServedError, client.submit(passGate, "nowhere", "x"));
  expect(error.message).toMatch(/does not serve @manyhands\/test\/built\/tasks\/gate\.js#passGate/);
  const module = moduleRef<typeof import("node:fs")>("node:fs");
  await errorOf(NotServedError, client.submit(module.rmSync as never, "/tmp/never" as never));
  expect(await client.submit(add, 2, 2)).toBe(4);
});

test("a module outside the root is refused, also when a link in the root leads to it", async () => {
  const cluster = newCluster();
  const outside = packageOf("linked-tasks", "outside");
  const root = (): string => {
    const path = folder();
    cpSync(join(outside, "../../package.json"), join(path, "package.json"));
    mkdirSync(join(path, "src"));
    return path;
  };
  const [linking, copying] = [root(), root()];
  symlinkSync(outside, join(linking, "src", "answer.js"));
  cpSync(outside, join(copying, "src", "answer.js"));
  const client = cluster.client();
  const wary = await cluster.agent({ root: linking });
  await errorOf(NotServedError, client.submit(moduleRef<{ f(): 1 }>("file:///etc/passwd").f));
  await errorOf(NotServedError, client.submit(answerOf(outside)));
  await wary.shutdown();
  await cluster.agent({ root: copying });
  expect(await client.submit(answerOf(outside))).toBe("outside");
});

test("a function that nobody exports is refused, unless the agent accepts sources", async () => {
  const cluster = newCluster();
  const client = cluster.client();
  const wary = await cluster.agent();
  const error = await errorOf(
    NotServedError,
    client.submit((n: number) => n + 1, 1),
  );
  expect(error.message).toMatch(/--accept-source/);
  await wary.shutdown();
  await cluster.agent({ acceptSource: true });
  expect(await client.submit((n: number) => n + 1, 1)).toBe(2);
});

test("a module is the same wherever its package lies, as long as its text is", async () => {
  const cluster = newCluster();
  const [here, there] = [packageOf("one-package", "same"), packageOf("one-package", "same")];
  await cluster.agent({ modules: [there] });
  expect(await cluster.client().submit(answerOf(here))).toBe("same");
});

test("a module with another text is a VersionMismatchError, which names both", async () => {
  const cluster = newCluster();
  const [old, recent] = [packageOf("two-versions", "old"), packageOf("two-versions", "recent")];
  const agent = await cluster.agent({ modules: [old] });
  const error = await errorOf(VersionMismatchError, cluster.client().submit(answerOf(recent)));
  expect(error.module).toBe("two-versions/src/answer.js");
  expect(error.message).toContain(agent.name);
  expect([error.expected, error.found]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.any(String)]);
  expect(error.expected).not.toBe(error.found);
});

test("on processes, a task that kills its own process costs that call and no other", async () => {
  const cluster = newCluster();
  await cluster.agent({ on: "processes" });
  const client = cluster.client();
  const calls = [client.submit(killOneself, "SIGKILL"), client.submit(add, 1, 2), client.submit(add, 3, 4)] as const;
  const error = await errorOf(WorkerExitedError, calls[0]);
  expect([error.signal, error.task]).toEqual(["SIGKILL", expect.stringContaining("killOneself")]);
  expect(await Promise.all([calls[1], calls[2]])).toEqual([3, 7]);
  expect(client.stats()).toMatchObject({ lost: 1, completed: 2, failed: 1 });
});

// ── what may travel ────────────────────────────────────────────────────────────────────────────────────────────────

test("arguments and results above the limit fail their call, and say to pass a reference", async () => {
  const cluster = newCluster();
  await cluster.agent();
  const client = cluster.client({ maxPayload: 10_000 });
  const large = await errorOf(PayloadTooLargeError, client.submit(identity, new Uint8Array(20_000)));
  expect(large.message).toMatch(/The arguments of identity take 2\d{4} bytes and the limit is 10000: pass a reference/);
  const items = [new Uint8Array(10), new Uint8Array(20_000), new Uint8Array(20)];
  const outcomes = [];
  for await (const { status } of client.map(identity, items).settled()) outcomes.push(status);
  expect(outcomes).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const grown = await errorOf(PayloadTooLargeError, client.submit(giveBuffer, 20_000));
  expect([grown.limit, grown.size > 20_000]).toEqual([10_000, true]);
  expect(await client.submit(add, 1, 2)).toBe(3);
});

test("a lock cannot leave its machine: the call fails and names it", async () => {
  const cluster = newCluster();
  await cluster.agent();
  const error = await errorOf(SerializationError, cluster.client().submit(identity, { at: [new Event()] }));
  expect(error.path).toBe("args[0].at[0]");
  expect(error.message).toMatch(/cannot leave it/);
});

// ── Redis ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a call that Redis does not take in time fails with ClusterUnavailableError", async () => {
  const gone = await RedisServer.start();
  const { url } = gone;
  await gone.stop();
  const client = keep(new ClusterExecutor({ connection: url, unavailableAfter: 200 }));
  const error = await errorOf(ClusterUnavailableError, client.submit(add, 1, 2));
  expect(error.message).toMatch(/200 ms: .*ECONNREFUSED/);
  await errorOf(ClusterUnavailableError, client.map(square, [1, 2]), "a map");
  await errorOf(ClusterUnavailableError, client.workers(), "workers()");
  await within(client.shutdown(), "shutdown()");
});

test("a program whose Redis is away ends by itself: with an idle executor, and after a shutdown", async () => {
  const gone = await RedisServer.start();
  const program = (last: string): string => `
    import { ClusterExecutor } from "@manyhands/cluster";
    const cluster = new ClusterExecutor({ connection: "${gone.url}", unavailableAfter: 100 });
    console.log((await cluster.submit((n) => n, 1).exception()).code);
    ${last}`;
  await gone.stop();
  for (const last of ["", "await cluster.shutdown();", "await cluster.terminate();"]) {
    expect(await outputOf(node(["--input-type=module", "--eval", program(last)], { cwd: import.meta.dirname }))).toBe(
      "ERR_CLUSTER_UNAVAILABLE\n",
    );
  }
});

test("user and password are passed on, and a wrong one is told", async () => {
  const guarded = await RedisServer.start(["--requirepass", "sesame"]);
  later(() => guarded.stop());
  const cluster = new TestCluster(`redis://:sesame@127.0.0.1:${guarded.port}`);
  await cluster.agent();
  expect(await cluster.client().submit(add, 1, 2)).toBe(3);
  const options = new TestCluster({ host: "127.0.0.1", port: guarded.port, password: "sesame" });
  await options.agent();
  expect(await options.client().submit(add, 1, 2)).toBe(3);
  const stranger = keep(new ClusterExecutor({ connection: guarded.url, unavailableAfter: 300 }));
  const error = await errorOf(ClusterUnavailableError, stranger.submit(add, 1, 2));
  expect(error.message).toMatch(/NOAUTH/);
});

test("TLS options are passed on: a server that proves itself is spoken to, another is not", async () => {
  const files = folder();
  const pem = (name: string): string => join(files, name);
  const request = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1";
  execFileSync("openssl", [...request.split(" "), "-keyout", pem("key"), "-out", pem("cert")], { stdio: "ignore" });
  const server = await RedisServer.start([
    ...["--tls-cert-file", pem("cert"), "--tls-key-file", pem("key"), "--tls-ca-cert-file", pem("cert")],
    ...["--tls-auth-clients", "no"],
    "tls",
  ]);
  later(() => server.stop());
  const cluster = new TestCluster({ host: "127.0.0.1", port: server.port, tls: { ca: readFileSync(pem("cert")) } });
  await cluster.agent();
  expect(await cluster.client().submit(add, 1, 2)).toBe(3);
  const url = `rediss://127.0.0.1:${server.port}`;
  const doubtful = keep(new ClusterExecutor({ connection: url, unavailableAfter: 300 }));
  expect((await errorOf(ClusterUnavailableError, doubtful.submit(add, 1, 2))).message).toMatch(/self-signed/);
});

test("settings of Redis that lose work are told before it happens", async () => {
  const careless = await RedisServer.start(["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]);
  later(() => careless.stop());
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  later(() => process.off("warning", onWarning));
  const cluster = new TestCluster(careless.url);
  await cluster.agent();
  const client = cluster.client();
  expect(await client.submit(add, 1, 2)).toBe(3);
  const found = (await client.preflight()).map(({ setting, value }) => [setting, value]);
  expect(found).toEqual([
    ["appendonly", "no"],
    ["maxmemory-policy", "allkeys-lru"],
  ]);
  await until(() => warnings.length === 2, "both should have been warned of, once for agent and client together");
  expect(await newCluster().client().preflight()).toEqual([]);
});

test("all keys begin with the prefix; the client leaves nothing behind, and what else is left expires", async () => {
  const cluster = newCluster();
  const agent = await cluster.agent({ prefix: "of-our-own" });
  const client = cluster.client({ prefix: "of-our-own" });
  const redis = redisClient();
  const before = new Set(await redis.keys("*"));
  const door = await newGate();
  const running = client.submit(passGate, door.path, "x");
  await door.arrived(1);
  const waiting = client.submit(add, 1, 2);
  waiting.cancel();
  running.abort("not wanted");
  await errorOf(Error, running);
  const during = (await redis.keys("*")).filter((key) => !before.has(key));
  for (const key of during) {
    expect(key).toMatch(/^of-our-own:/);
    if (key.includes(":manyhands:")) expect(await redis.pttl(key), key).toBeGreaterThan(0);
  }
  await client.shutdown();
  await agent.shutdown();
  const left = await redis.keys(`of-our-own:${cluster.queue}:manyhands:*`);
  for (const key of left) {
    expect(key).toMatch(/:manyhands:(?:agent|cancelled):/);
    expect(await redis.pttl(key), key).toBeGreaterThan(0);
  }
});

test("a call whose job was deleted fails with TaskLostError, and harms no other", async () => {
  const cluster = newCluster();
  const client = cluster.client({ reconcileInterval: 50 });
  const calls = [client.submit(add, 1, 2), client.submit(add, 3, 4)];
  const redis = redisClient();
  const keys = async (): Promise<string[]> => redis.keys(`manyhands:${cluster.queue}:*.*`);
  let jobs: string[] = [];
  while (jobs.length < 2) jobs = (await keys()).sort();
  await redis.del(jobs[0] ?? "");
  const error = await errorOf(TaskLostError, calls[0] as never);
  expect(error.message).toMatch(/appendonly|AOF/);
  await cluster.agent();
  expect(await within(calls[1] as never, "the other call")).toBe(7);
});

// ── agents ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("workers() shows each agent as long as it serves", async () => {
  const cluster = newCluster();
  const client = cluster.client();
  expect(await client.workers()).toEqual([]);
  const [left, right] = [
    await cluster.agent({ name: "left" }),
    await cluster.agent({ name: "right", on: "processes" }),
  ];
  const list = await client.workers();
  expect(list.map(({ name, on, concurrency, pid }) => [name, on, concurrency, pid]).sort()).toEqual([
    ["left", "threads", 2, process.pid],
    ["right", "processes", 2, process.pid],
  ]);
  await left.shutdown();
  expect((await client.workers()).map(({ name }) => name)).toEqual(["right"]);
  await right.shutdown();
  expect(await client.workers()).toEqual([]);
});

test("agents are the workers of the executor, for whoever observes it", async () => {
  using overview = aggregate();
  const cluster = newCluster();
  await cluster.agent({ name: "north" });
  const client = cluster.client({ agentsInterval: 20, name: "observed" });
  const door = await newGate();
  const held = client.submit(passGate, door.path, "x");
  await door.arrived(1);
  const rows = () =>
    overview
      .snapshot()
      .executors.filter(({ executor }) => executor.name === "observed")
      .flatMap(({ workers }) => workers.map(({ worker, state, runs }) => [worker.name, worker.slots, state, runs]));
  await until(() => rows().some(([, , state]) => state === "busy"), "the agent should be seen at work");
  expect(rows()).toEqual([["north", 2, "busy", 0]]);
  const { workers, busy, idle } = client.stats();
  expect([workers, busy, idle]).toEqual([1, 1, 0]);
  door.open();
  await held;
  await until(() => rows().some(([, , state]) => state === "idle"), "the agent should be seen at rest");
  expect(rows()).toEqual([["north", 2, "idle", 1]]);
});

test("an agent that ends in good order has left, one that only falls silent is lost", async () => {
  const cluster = newCluster();
  const client = cluster.client({ agentsInterval: 20 });
  const heard: string[] = [];
  using _ = subscribe({ worker: ({ type, worker }) => void heard.push(`${worker.name} ${type}`) });
  const polite = await cluster.agent({ name: "polite", heartbeat: 50 });
  expect(await client.submit(add, 1, 2)).toBe(3);
  await until(() => client.stats().workers === 1, "the agent should be known");
  await polite.shutdown();
  await until(() => client.stats().workers === 0, "the agent should have left");
  // What an agent leaves that was killed: a name in the list, and nobody who renews it.
  const redis = redisClient();
  const [seconds] = await redis.time();
  const keys = `manyhands:${cluster.queue}:manyhands`;
  const info = { ...polite.info(), name: "silent", state: "serving" };
  await redis.set(`${keys}:agent:silent`, JSON.stringify(info), "PX", 200);
  await redis.zadd(`${keys}:agents`, Number(seconds) * 1000 + 1000, "silent");
  await until(() => client.stats().workers === 1, "the second should be known");
  await until(() => client.stats().workers === 0, "the second should be lost");
  expect(heard.filter((text) => /^(?:polite|silent) /.test(text))).toEqual([
    "polite started",
    "polite ready",
    "polite exited",
    "silent started",
    "silent ready",
    "silent crashed",
  ]);
  expect(client.stats().lost).toBe(1);
});

test("a map travels in chunks: what was asked for, or what is worth the way", async () => {
  const cluster = newCluster();
  const agent = await cluster.agent();
  const client = cluster.client();
  await client.map(
    square,
    Array.from({ length: 1000 }, (_, n) => n),
    { chunkSize: 100, bufferSize: 2000 },
  );
  await until(() => agent.info().done === 10, "ten jobs should have been made");
  await client.map(
    square,
    Array.from({ length: 100_000 }, (_, n) => n),
  );
  expect(agent.info().done - 10).toBeLessThan(1000);
  expect(client.stats().completed).toBe(101_000);
});

test("values that go along reach an agent of the same program, which has carriers too", async () => {
  const cluster = newCluster();
  await cluster.agent();
  const client = cluster.client();
  const ends = carryBoth();
  later(() => ends[Symbol.dispose]());
  const inside = request.run({ id: "7f" }, () => client.submit(seenLater));
  expect(await inside).toEqual({ request: "7f", user: undefined, stranger: undefined });
  const items = await request.run({ id: "8a" }, () => client.map(seenByItem, [1, 2]));
  expect(items.map(({ seen }) => seen.request)).toEqual(["8a", "8a"]);
});

// ── ids ────────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a call under an id is run once, and its outcome can be asked for by a later start of the client", async () => {
  const cluster = newCluster();
  await cluster.agent();
  const log = join(folder(), "log");
  const first = cluster.client({ clientId: "billing" });
  expect(await first.submit(withId("invoice 1", record), log, "ran")).toBe("ran");
  expect(await first.submit(withId("invoice 1", record), log, "ran again")).toBe("ran");
  await first.shutdown();
  const second = cluster.client({ clientId: "billing" });
  expect(await second.attach("invoice 1")).toBe("ran");
  expect(await second.submit(withId("invoice 1", record), log, "ran a third time")).toBe("ran");
  expect(linesOf(log)).toEqual(["ran"]);
  await errorOf(TaskLostError, second.attach("invoice 2"));
  expect(() => cluster.client().attach("invoice 1")).toThrow(/clientId/);
});

test("two calls under one id at once: the second is refused, and the first goes on", async () => {
  const cluster = newCluster();
  const client = cluster.client({ clientId: "billing" });
  const first = client.submit(withId("invoice 1", add), 1, 2);
  await expect(client.submit(withId("invoice 1", add), 1, 2)).rejects.toThrow(/belongs to a call that has not ended/);
  await cluster.agent();
  expect(await first).toBe(3);
});

test("options outside what they may be throw at once, and are named", async () => {
  const connection = held.redis.url;
  for (const [option, value] of [
    ["connection", 6379],
    ["connection", { host: "localhost", keyPrefix: "x" }],
    ["queue", "a:b"],
    ["maxPayload", 0],
    ["keepResults", -1],
    ["unavailableAfter", Number.NaN],
    ["nonsense", 1],
  ] as const) {
    expect(() => new ClusterExecutor({ connection, [option]: value } as never), option).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_OPTION", option: expect.stringContaining(option) }),
    );
  }
});
