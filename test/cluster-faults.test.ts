/** What goes wrong between machines, done to real processes: agents, clients and Redis that are killed and stopped, connections that
 *  are cut, clocks that are wrong.
 *
 *  After each: every future has settled, no result is lost, and what was done twice is bounded and counted. With
 *  `MANYHANDS_LONG=1` the loads are larger and the faults are repeated. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClusterExecutor, type ClusterOptions, WorkerLostError } from "@manyhands/cluster";
import { Redis } from "ioredis";
import { TimeoutError } from "manyhands";
import { afterAll, expect, test } from "vitest";
import { blockUntil } from "#tasks/basic.js";
import { note, noteLater, waitFor } from "#tasks/cluster-tasks.js";
import { startCommand } from "./cli-command.js";
import { linesOf, made, until, within } from "./conformance/support.js";
import { folder, keep, later } from "./keeping.js";
import { RedisServer } from "./redis.js";
import { TcpProxy } from "./tcp-proxy.js";

const LONG = process.env["MANYHANDS_LONG"] === "1";
/** Calls of one load, and how often a fault is done. */
const LOAD = LONG ? 20_000 : 1_000;
const ROUNDS = LONG ? 10 : 1;
/** Locks of agents: they must end in the tests that are about that. */
const LOCK = "1s";
const SETTLES = LONG ? 300_000 : 20_000;
const LIMIT = { timeout: LONG ? 600_000 : 40_000 };

const TASKS = import.meta.resolve("#tasks/cluster-tasks.js");
const BASIC = import.meta.resolve("#tasks/basic.js");
const table: string[] = [];
afterAll(() => console.log(["", "fault: calls, runs, duplicates, redelivered", ...table].join("\n")));

class Stage {
  readonly redis: RedisServer;
  readonly folder: string = folder();
  readonly log: string = join(this.folder, "log");

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async set(): Promise<Stage> {
    const redis = await RedisServer.start();
    later(() => redis.stop());
    return new Stage(redis);
  }

  client(options: Partial<ClusterOptions> = {}): ClusterExecutor {
    const connection = this.redis.url;
    return keep(new ClusterExecutor({ connection, agentsInterval: 100, reconcileInterval: 200, ...options }));
  }

  /** An agent, once it takes calls. */
  async agent(args: readonly string[] = [], options: { url?: string; env?: Record<string, string> } = {}) {
    const where = ["--redis", options.url ?? this.redis.url, "--lock", LOCK, ...args];
    const { child } = startCommand(["worker", TASKS, ...where], {
      cwd: this.folder,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    await within(once(child.stdout, "data"), "the agent should take calls", 10_000);
    return child;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Notes what a fault has cost. */
  tell(fault: string, calls: number, client: ClusterExecutor): void {
    const { duplicates, redelivered } = client.stats();
    table.push(`${fault}: ${calls}, ${linesOf(this.log).length}, ${duplicates}, ${redelivered}`);
  }
}

/** How often each item ran. */
function runsOf(log: string): Map<string, number> {
  const runs = new Map<string, number>();
  for (const line of linesOf(log)) runs.set(line, (runs.get(line) ?? 0) + 1);
  return runs;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test("an agent that is killed: what it ran fails or runs again, as was asked; all else runs once", LIMIT, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const stage = await Stage.set();
    const client = stage.client();
    const victim = await stage.agent(["--concurrency", "2", "--name", "victim"]);
    const [once, again] = [stage.path("once"), stage.path("again")];
    const release = stage.path("release");
    const lost = client.submit(waitFor, once, release, stage.path("lost-log"));
    const retried = client.with({ retryOnWorkerLoss: true }).submit(waitFor, again, release, stage.path("again-log"));
    await Promise.all([made(once), made(again)]);
    const behind = range(20).map((n) => client.submit(note, stage.log, n));
    await until(() => lost.running() && retried.running(), "both should be known to run", SETTLES);
    victim.kill("SIGKILL");
    // Nobody else is there: that it is gone is found out by its silence.
    const error = await within(lost.exception(), "the call that ran", SETTLES);
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error).toMatchObject({ agent: "victim", code: "ERR_WORKER_LOST" });
    await stage.agent(["--concurrency", "2"]);
    await within(Promise.all(behind), "the calls behind it", SETTLES);
    writeFileSync(release, "");
    expect(await within(retried, "the call that may run again", SETTLES)).toBe("released");
    expect([linesOf(stage.path("lost-log")).length, linesOf(stage.path("again-log")).length]).toEqual([0, 1]);
    expect([...runsOf(stage.log).values()]).toEqual(range(20).map(() => 1));
    expect(client.stats()).toMatchObject({ lost: 1, redelivered: 1, duplicates: 0 });
    stage.tell("agent killed", 22, client);
  }
});

test(
  "an agent that stops for longer than its lock, and goes on: the work is done twice, and counted once",
  LIMIT,
  async () => {
    const stage = await Stage.set();
    const client = stage.client();
    const sleeper = await stage.agent(["--concurrency", "1"]);
    const [started, release] = [stage.path("started"), stage.path("release")];
    const call = client.with({ retryOnWorkerLoss: true }).submit(waitFor, started, release, stage.log);
    await made(started);
    sleeper.kill("SIGSTOP");
    later(() => sleeper.kill("SIGCONT"));
    await stage.agent(["--concurrency", "1"]);
    rmSync(started);
    // Its lock must end before another agent is given the job.
    await until(() => existsSync(started), "another agent should have begun the call", SETTLES);
    writeFileSync(release, "");
    expect(await within(call, "the call", SETTLES)).toBe("released");
    sleeper.kill("SIGCONT");
    await until(() => client.stats().duplicates === 1, "the second outcome should have come, and be counted", SETTLES);
    expect(linesOf(stage.log).length).toBe(2);
    expect(await within(client.submit(note, stage.log, 1), "the next call", SETTLES)).toBe(1);
    expect(client.stats()).toMatchObject({ completed: 2, redelivered: 1 });
    stage.tell("agent stopped beyond its lock", 2, client);
  },
);

test(
  "a call that costs every agent its life is given up when it has been begun as often as it may",
  LIMIT,
  async () => {
    const stage = await Stage.set();
    const client = stage.client().with({ retryOnWorkerLoss: true, retries: 1 });
    const [started, release] = [stage.path("started"), stage.path("release")];
    const call = client.submit(waitFor, started, release, stage.log);
    const other = client.submit(note, stage.log, 1);
    for (const _ of [1, 2]) {
      const agent = await stage.agent(["--concurrency", "1"]);
      await until(() => existsSync(started), "the call should have begun", SETTLES);
      agent.kill("SIGKILL");
      await once(agent, "exit");
      rmSync(started);
    }
    await stage.agent(["--concurrency", "1"]);
    const error = await within(call.exception(), "the call", SETTLES);
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(await within(other, "the call behind it", SETTLES)).toBe(1);
    expect(existsSync(started)).toBe(false);
    expect(client.stats().retried).toBe(0);
  },
);

test("a task that blocks its thread for longer than a lock runs once: locks are renewed elsewhere", LIMIT, async () => {
  const stage = await Stage.set();
  const client = stage.client();
  for (const name of ["one", "other"]) await stage.agent([BASIC, "--concurrency", "1", "--name", name]);
  const [started, release] = [stage.path("started"), stage.path("release")];
  const call = client.submit(blockUntil, started, release);
  await made(started);
  // Its failure is the proof that more than two locks have gone by.
  const clock = client.with({ timeout: 2_500, grace: 0 }).submit(waitFor, stage.path("clock"), release, stage.log);
  expect(await within(clock.exception(), "the clock", SETTLES)).toBeInstanceOf(TimeoutError);
  writeFileSync(release, "");
  expect(await within(call, "the call", SETTLES)).toBe(started);
  expect(client.stats()).toMatchObject({ duplicates: 0, redelivered: 0, lost: 0 });
  stage.tell("a task that blocks", 2, client);
});

test("Redis is killed and comes back: every result arrives", LIMIT, async () => {
  const stage = await Stage.set();
  const client = stage.client({ unavailableAfter: SETTLES });
  await stage.agent(["--concurrency", "4"]);
  await stage.agent(["--concurrency", "4"]);
  const calls = range(LOAD).map((n) => client.with({ retryOnWorkerLoss: true }).submit(noteLater, stage.log, n, 1));
  const results = Promise.all(calls);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const some = (round * LOAD) / (ROUNDS + 2);
    await until(() => client.stats().completed > some, "some should have come back", SETTLES);
    await stage.redis.kill();
    await stage.redis.restart();
  }
  expect(await within(results, "all calls", SETTLES)).toEqual(range(LOAD));
  const runs = runsOf(stage.log);
  expect(runs.size).toBe(LOAD);
  const twice = [...runs.values()].reduce((sum, count) => sum + count - 1, 0);
  expect(twice, "work that was done twice").toBeLessThanOrEqual(ROUNDS * 16);
  stage.tell("Redis killed", LOAD, client);
});

test("Redis is away for longer than a lock: what runs meanwhile is neither lost nor begun again", LIMIT, async () => {
  const stage = await Stage.set();
  const client = stage.client({ unavailableAfter: SETTLES });
  const runner = await stage.agent(["--concurrency", "1", "--name", "runner"]);
  await stage.agent(["--concurrency", "1", "--name", "idler"]);
  const [started, release] = [stage.path("started"), stage.path("release")];
  const call = client.submit(waitFor, started, release, stage.log);
  await made(started);
  await until(() => call.running(), "the call should be known to run", SETTLES);
  await stage.redis.kill();
  // The fault itself: until the lock has ended.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await stage.redis.restart();
  await until(() => client.stats().workers === 2, "both agents should have come back", SETTLES);
  // Whoever could take the job for abandoned has had the time to.
  expect(await within(client.submit(note, stage.path("other"), 1), "another call", SETTLES)).toBe(1);
  writeFileSync(release, "");
  expect(await within(call, "the call", SETTLES)).toBe("released");
  expect(linesOf(stage.log)).toEqual(["ran"]);
  stage.tell("Redis away for longer than a lock", 2, client);
  runner.kill("SIGTERM");
  expect(await once(runner, "exit")).toEqual([0, null]);
});

test("an agent that is told to end while Redis is away ends", LIMIT, async () => {
  const stage = await Stage.set();
  const agent = await stage.agent();
  await stage.redis.kill();
  agent.kill("SIGTERM");
  expect(await within(once(agent, "exit"), "the agent", SETTLES)).toEqual([0, null]);
});

test("a client that is cut off while results come: all of them arrive, none twice", LIMIT, async () => {
  for (const how of ["cut", "silent"] as const) {
    const stage = await Stage.set();
    const way = await TcpProxy.to(stage.redis.port);
    later(() => way.close());
    const client = stage.client({ connection: way.url, unavailableAfter: SETTLES });
    const held = new Redis(stage.redis.port, "127.0.0.1");
    later(() => held.disconnect());
    const calls = range(LOAD).map((n) => client.submit(note, stage.log, n));
    const results = Promise.all(calls);
    // All are in the queue before anybody takes them, and all that is told is told while the way is cut.
    await until(() => client.stats().queued === LOAD, "all should be queued", SETTLES);
    while ((await held.zcard("manyhands:manyhands:prioritized")) < LOAD) await new Promise(setImmediate);
    way.set(how);
    await stage.agent(["--concurrency", "4"]);
    while ((await held.zcard("manyhands:manyhands:prioritized")) > 0) await new Promise(setImmediate);
    way.set("open");
    expect(await within(results, "all calls", SETTLES)).toEqual(range(LOAD));
    expect([...runsOf(stage.log).values()].every((count) => count === 1)).toBe(true);
    expect(client.stats().duplicates).toBe(0);
    stage.tell(`client's connection ${how}`, LOAD, client);
  }
});

test("an agent that is cut off while it works: all results arrive, few are worked out twice", LIMIT, async () => {
  const stage = await Stage.set();
  const way = await TcpProxy.to(stage.redis.port);
  later(() => way.close());
  const client = stage.client();
  await stage.agent(["--concurrency", "2"], { url: way.url });
  const calls = range(LOAD).map((n) => client.with({ retryOnWorkerLoss: true }).submit(noteLater, stage.log, n, 1));
  const results = Promise.all(calls);
  for (let round = 1; round <= 3 * ROUNDS; round += 1) {
    const some = (round * LOAD) / (3 * ROUNDS + 2);
    await until(() => client.stats().completed > some, "some should have come back", SETTLES);
    way.set("cut");
    way.set("open");
  }
  expect(await within(results, "all calls", SETTLES)).toEqual(range(LOAD));
  const twice = linesOf(stage.log).length - LOAD;
  expect(twice).toBeLessThanOrEqual(3 * ROUNDS * 4);
  stage.tell("agent's connection cut", LOAD, client);
});

test("a client whose event loop stands still: agents go on, and it hears of everything afterwards", LIMIT, async () => {
  const stage = await Stage.set();
  const client = stage.client();
  await stage.agent(["--concurrency", "2"]);
  const calls = range(LOAD).map((n) => client.submit(note, stage.log, n));
  await calls[0];
  // The fault itself: for longer than a lock lasts, and (5 s) than reads wait.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG ? 15_000 : 5_000);
  expect(await within(Promise.all(calls), "all calls", SETTLES)).toEqual(range(LOAD));
  expect([...runsOf(stage.log).values()].every((count) => count === 1)).toBe(true);
  expect(client.stats()).toMatchObject({ duplicates: 0, redelivered: 0, lost: 0 });
  stage.tell("client blocked", LOAD, client);
});

test("a client that is killed: started again, it gets what came of its calls", LIMIT, async () => {
  const stage = await Stage.set();
  await stage.agent(["--concurrency", "2"]);
  const program = new URL("./built/programs/cluster-client.js", import.meta.url).pathname;
  const args = [program, stage.redis.url, "manyhands", "importer", stage.log, "50"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  later(() => child.kill("SIGKILL"));
  await within(once(child.stdout, "data"), "the client should have submitted", 10_000);
  child.kill("SIGKILL");
  await once(child, "exit");
  const client = stage.client({ clientId: "importer" });
  const calls = range(50).map((n) => client.attach(`call ${n}`));
  expect(await within(Promise.all(calls), "what was submitted before", SETTLES)).toEqual(range(50));
  expect([...runsOf(stage.log).values()]).toEqual(range(50).map(() => 1));
  stage.tell("client killed and attached again", 50, client);
});

test("two clients at once: each gets its own results, and all of them", LIMIT, async () => {
  const stage = await Stage.set();
  await stage.agent(["--concurrency", "2"]);
  await stage.agent(["--concurrency", "2"]);
  const clients = [stage.client(), stage.client()];
  const [left, right] = clients.map((client, at) =>
    client.starmap(
      note,
      range(LOAD).map((n): [string, number] => [stage.log, at * LOAD + n]),
      { chunkSize: 10 },
    ),
  );
  expect(await within(left as never, "the first client's map", SETTLES)).toEqual(range(LOAD));
  expect(await within(right as never, "the second client's map", SETTLES)).toEqual(range(LOAD).map((n) => LOAD + n));
  expect(runsOf(stage.log).size).toBe(2 * LOAD);
  for (const client of clients) expect(client.stats().duplicates).toBe(0);
  stage.tell("two clients", 2 * LOAD, clients[0] as ClusterExecutor);
});

test("an agent whose clock is an hour fast: nothing is dropped as old, and times are told right", LIMIT, async () => {
  const stage = await Stage.set();
  const wrong = new URL("./built/programs/wrong-clock.js", import.meta.url).href;
  await stage.agent(["--concurrency", "2"], { env: { NODE_OPTIONS: `--import=${wrong}` } });
  const client = stage.client({ keepResults: 60_000 });
  const calls = range(100).map((n) => client.with({ timeout: 10_000 }).submit(noteLater, stage.log, n, 1));
  expect(await within(Promise.all(calls), "all calls", SETTLES)).toEqual(range(100));
  const { wait, run } = client.stats();
  expect([wait.count, run.count]).toEqual([100, 100]);
  // By the agent's clock each would have waited for an hour.
  expect(wait.max).toBeLessThan(1_800_000);
  stage.tell("clock an hour fast", 100, client);
});
