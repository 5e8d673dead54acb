/** `manyhands worker` and `manyhands map --on cluster`: real commands, a real Redis. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { carryBoth, request, seenByItem, seenLater, seenNow, user } from "#tasks/observing.js";
import { manyhands, startCommand, testDirectory } from "./cli-command.js";
import { redisForAll, TestCluster } from "./cluster-support.js";
import { linesOf, made } from "./conformance/support.js";
import { later } from "./keeping.js";

const held = redisForAll();
const TASKS = import.meta.resolve("#tasks/cluster-tasks.js");

/** An agent as users start it, once it takes calls. */
async function startWorker(cwd: string, queue: string, ...args: string[]) {
  const command = ["worker", ...args, "--redis", held.redis.url, "--queue", queue];
  const started = startCommand(command, { cwd });
  const [name] = await once(started.child.stdout, "data");
  return { ...started, name: String(name).trim() };
}

function projectOf(text: string): string {
  const cwd = testDirectory();
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "project", type: "module" }));
  writeFileSync(join(cwd, "tasks.js"), text);
  return cwd;
}

test("worker and map: results in input order on standard output, the agent drains on SIGTERM", async () => {
  const cwd = projectOf("export const double = (n) => 2 * Number(n);");
  const worker = await startWorker(cwd, "one", "./tasks.js", "--name", "mill", "--concurrency", "2");
  expect(worker.name).toBe("mill");
  const inputs = Array.from({ length: 200 }, (_, n) => String(n));
  const place = ["--on", "cluster", "--redis", held.redis.url, "--queue", "one"];
  const end = await manyhands(["map", "./tasks.js#double", ...place, ...inputs], { cwd });
  expect(end).toMatchObject({ code: 0, stderr: "" });
  expect(end.lines).toEqual(inputs.map((n) => String(2 * Number(n))));
  worker.child.kill("SIGTERM");
  expect(await worker.end).toMatchObject({ code: 0, stdout: "mill\n" });
});

test("a worker that is told to end finishes what it runs, and takes nothing more", async () => {
  const cwd = testDirectory();
  const cluster = new TestCluster(held.redis.url);
  const { waitFor } = await import("#tasks/cluster-tasks.js");
  const worker = await startWorker(cwd, cluster.queue, TASKS, "--on", "processes");
  const client = cluster.client();
  const files = { started: join(cwd, "started"), release: join(cwd, "release"), log: join(cwd, "log") };
  const running = client.submit(waitFor, files.started, files.release, files.log);
  await made(files.started);
  worker.child.kill("SIGTERM");
  await worker.said("waiting for those that run");
  const late = client.submit(waitFor, files.started, files.release, files.log);
  writeFileSync(files.release, "");
  expect(await running).toBe("released");
  expect((await worker.end).code).toBe(0);
  expect([linesOf(files.log).length, late.state]).toEqual([1, "pending"]);
});

test("a worker that is told to end twice ends what it runs, and its client hears of it", async () => {
  const cwd = testDirectory();
  const cluster = new TestCluster(held.redis.url);
  const { waitFor } = await import("#tasks/cluster-tasks.js");
  const worker = await startWorker(cwd, cluster.queue, TASKS);
  const files = { started: join(cwd, "started"), release: join(cwd, "release"), log: join(cwd, "log") };
  const running = cluster.client().submit(waitFor, files.started, files.release, files.log);
  await made(files.started);
  worker.child.kill("SIGTERM");
  await worker.said("waiting for those that run");
  worker.child.kill("SIGTERM");
  await expect(running).rejects.toMatchObject({ code: "ERR_WORKER_LOST", agent: worker.name });
  expect((await worker.end).code).toBe(1);
});

test("functions of other modules are refused, one line each, exit code 1", async () => {
  const cwd = projectOf("export const double = (n) => 2 * n;");
  writeFileSync(join(cwd, "other.js"), "export const half = (n) => n / 2;");
  await startWorker(cwd, "two", "./tasks.js");
  const place = ["--on", "cluster", "--redis", held.redis.url, "--queue", "two"];
  const end = await manyhands(["map", "./other.js#half", ...place, "4"], { cwd });
  expect(end.code).toBe(1);
  expect(end.stderr).toMatch(
    /NotServedError: Agent \S+ does not serve project\/other\.js#half; it serves project\/tasks\.js/,
  );
});

test("values of an AsyncLocalStorage go along to another process, and are in force in the task alone", async () => {
  const cluster = new TestCluster(held.redis.url);
  await startWorker(testDirectory(), cluster.queue, import.meta.resolve("#tasks/observing.js"));
  const client = cluster.client();
  const ends = carryBoth();
  later(() => ends[Symbol.dispose]());
  const inside = request.run({ id: "7f" }, () => user.run("ada", () => client.submit(seenLater)));
  const mapped = request.run({ id: "8a" }, () => client.map(seenByItem, [1, 2, 3]));
  expect(await inside).toEqual({ request: "7f", user: "ada", stranger: undefined });
  expect(await client.submit(seenNow)).toEqual({ request: undefined, user: undefined, stranger: undefined });
  expect((await mapped).map(({ seen }) => seen.request)).toEqual(["8a", "8a", "8a"]);
});
