/** Shared objects in calls to processes: there they are proxies of the object, which stays with its owner. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CancelledError, OwnerGoneError, ProcessPoolExecutor, SerializationError, WorkerExitedError } from "manyhands";
import { expect, test } from "vitest";
import { closed, Tally } from "#tasks/tally.js";
import {
  addAndDie,
  addAndHang,
  addSync,
  addUntilItFails,
  askForFailure,
  callAndCancel,
  closedHere,
  collect,
  failSync,
  isOwn,
  keepInIt,
  makeTally,
  pid,
  postAFailure,
  postMuchThenSync,
  readOwn,
  resolved,
  throughProcess,
  throughThread,
  useAndForget,
} from "#tasks/tally-owner.js";
import { addTo, addToAll, addToKept, areSame, giveBack, keepIt, reportIt, wrap } from "#tasks/tallying.js";
import { errorOf, outcomeOf, outputOf, program, until, within } from "./conformance/support.js";
import { folder, keep, later } from "./keeping.js";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const LONG = 20_000;
const processes = (maxWorkers = 1, execArgv: readonly string[] = process.execArgv): ProcessPoolExecutor =>
  keep(new ProcessPoolExecutor({ maxWorkers, execArgv }));

test("a shared object given to processes stays one object", async () => {
  const tally = new Tally();
  const pool = processes(2);
  const sums = await within(
    Promise.all(Array.from({ length: 100 }, () => pool.submit(addTo, tally, 2))),
    "calls",
    LONG,
  );
  expect(Math.max(...sums)).toBe(200);
  expect(tally.addHere(0)).toBe(200);
});

test("it arrives wherever it stands, as one object in each call and in all of them", async () => {
  const [one, two] = [new Tally(), new Tally()];
  const pool = processes();
  const given = { deep: new Map([["a", [one, two, one]]]) };
  expect(await within(pool.submit(addToAll, given, 5), "the call")).toBe("a");
  expect([one.addHere(0), two.addHere(0)]).toEqual([10, 5]);
  expect(await within(pool.submit(areSame, one, [one, one]), "the call")).toBe(true);
  expect(await within(pool.submit(areSame, one, [one, two]), "the call")).toBe(false);
});

test("what a task returns comes home as the very object it was", async () => {
  const tally = new Tally();
  const pool = processes();
  expect(await within(pool.submit(giveBack<Tally>, tally), "the call")).toBe(tally);
  const { list, set } = await within(pool.submit(wrap, tally), "the call");
  expect(list).toEqual([tally, tally]);
  expect([...set]).toEqual([1, tally, "two"]);
});

test("an object that a worker process made is used by its parent, and by other workers", async () => {
  const [owner, other] = [processes(), processes()];
  const tally = await within(owner.submit(makeTally), "the call");
  expect(tally.where).toBe("elsewhere");
  expect(await tally.add(3)).toBe(3);
  expect(await within(other.submit(addTo, tally, 4), "the call")).toBe(7);
  expect(await within(owner.submit(readOwn), "the call")).toBe(7);
  expect(await within(owner.submit(isOwn, tally), "the call")).toBe(true);
});

test("reports of progress and initializers may hold shared objects", async () => {
  const tally = new Tally();
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1, initializer: keepIt, initargs: [tally] }));
  expect(await within(pool.submit(addToKept, 2), "the call")).toBe(2);
  const call = pool.submit(reportIt, tally);
  const reports: unknown[] = [];
  call.onProgress((report) => reports.push(report));
  expect(await within(call, "the call")).toBe("elsewhere");
  expect(reports).toEqual([{ tally }, "plain"]);
  expect((reports[0] as { tally: Tally }).tally).toBe(tally);
});

test("a process passes an object on to its threads and to its own processes", async () => {
  const tally = new Tally();
  const pool = processes();
  expect(await within(pool.submit(throughThread, tally, 1), "the thread", LONG)).toBe(1);
  expect(await within(pool.submit(throughProcess, tally, 1), "the grandchild", LONG)).toBe(1);
});

test("what a client holds is released when it is killed", async () => {
  const tally = new Tally();
  const call = processes().submit(addAndDie, tally, 5);
  await errorOf(WorkerExitedError, call);
  await until(() => closed.includes(5), "the session should have been closed");
  expect(tally.addHere(0)).toBe(0);
});

test("what a client holds is released when its call is aborted and its process ended", async () => {
  const tally = new Tally();
  const pool = processes();
  const call = pool.submit(addAndHang, tally, 5);
  await until(() => tally.addHere(0) === 5, "the task should have added");
  call.abort();
  await errorOf(CancelledError, call);
  await until(() => tally.addHere(0) === 0, "the session should have been closed");
});

test("whoever uses an object whose owner is killed gets a clear error, now and later", async () => {
  const [owner, user] = [processes(), processes()];
  const tally = await within(owner.submit(makeTally), "the call");
  const ownerPid = await within(owner.submit(pid), "the call");
  const call = user.submit(addUntilItFails, tally);
  await until(() => call.running(), "the call should have begun");
  await tally.add(1);
  process.kill(ownerPid, "SIGKILL");
  const error = await errorOf(OwnerGoneError, call);
  expect(error.code).toBe("ERR_OWNER_GONE");
  await errorOf(OwnerGoneError, tally.add(1));
  expect(() => tally.remote.callSync("add", [1])).toThrow(OwnerGoneError);
  await errorOf(OwnerGoneError, user.submit(addTo, tally, 1));
});

test("an operation's failure keeps its class, its cause and its message", async () => {
  const error = await errorOf(RangeError, processes().submit(askForFailure, new Tally()));
  expect(error.message).toBe("too much");
  expect(error.cause).toBeInstanceOf(TypeError);
});

test("a failure of an operation that nobody waits for is told by the next one", async () => {
  expect(await within(processes().submit(postAFailure, new Tally()), "the call")).toBe("too much, then 0");
});

test("an operation that is given up aborts at its owner's", async () => {
  const said = await within(processes().submit(callAndCancel, new Tally()), "the call");
  expect(said).toBe("CancelledError because of RangeError: enough");
});

test("operations may be given shared objects, which keep their identity", async () => {
  const [keeper, kept] = [new Tally(), new Tally()];
  expect(await within(processes().submit(keepInIt, keeper, kept), "the call")).toBe(true);
  expect(keeper.kept).toBe(kept);
});

test("a thread that parks gets its answer, in order with what it sent before", async () => {
  const tally = new Tally();
  const pool = processes();
  expect(await within(pool.submit(addSync, tally, 1, 50), "the call", LONG)).toBe(100);
  expect(await within(pool.submit(postMuchThenSync, new Tally(), 40), "the call", LONG)).toBe(40);
  const error = await errorOf(RangeError, pool.submit(failSync, tally));
  expect(error.cause).toBeInstanceOf(TypeError);
});

test("an object that is not used any more is let go of by its owner", async () => {
  const owner = processes();
  const user = processes(1, ["--expose-gc"]);
  const tally = new Tally();
  expect(await within(user.submit(useAndForget, tally, 7), "the call")).toBe(7);
  while (!closed.includes(7)) await within(user.submit(collect), "the call");
  expect(tally.addHere(0)).toBe(0);
  // The session of one who still uses it is not.
  const other = await within(owner.submit(makeTally), "the call");
  await other.add(1);
  expect(await within(owner.submit(closedHere), "the call")).toEqual([]);
});

test("an object that its process must keep is refused, and named", async () => {
  const bound = new Tally(new SharedArrayBuffer(8));
  Object.defineProperty(bound, Symbol.for("manyhands.shareable"), { value: { kind: "test:Tally", toThread: () => 1 } });
  const error = await errorOf(SerializationError, processes().submit(giveBack, { a: [bound] }));
  expect(error.path).toBe("args[0].a[0]");
});

test("the owner's folder is gone when its program has ended", async () => {
  const mine = readdirSync(tmpdir()).filter((name) => name.startsWith(`manyhands-${process.pid}-`));
  expect(mine.length).toBeGreaterThan(0);
  const owner = processes();
  const tally = await within(owner.submit(makeTally), "the call");
  const ownerPid = await within(owner.submit(pid), "the call");
  const [folder] = readdirSync(tmpdir()).filter((name) => name.startsWith(`manyhands-${ownerPid}-`));
  await within(owner.shutdown(), "shutdown");
  expect(existsSync(`${tmpdir()}/${folder}`)).toBe(false);
  expect((await outcomeOf(tally.read())).status).toBe("rejected");
});

test("the folder of an owner that was killed goes when the next one begins, and harms no import there", async () => {
  const [first, next] = [processes(), processes()];
  await within(first.submit(makeTally), "the call");
  const killed = await within(first.submit(pid), "the call");
  const left = (): boolean => readdirSync(tmpdir()).some((name) => name.startsWith(`manyhands-${killed}-`));
  process.kill(killed, "SIGKILL");
  await until(() => !isAlive(killed), "the owner should have ended");
  expect(left()).toBe(true);
  await within(next.submit(makeTally), "the call");
  await until(() => !left(), "the folder should have been removed");
  expect(await within(next.submit(resolved, "manyhands"), "the call")).toBe(import.meta.resolve("manyhands"));
});

test("a link that looks like the folder of a dead owner is not followed", async () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const others = folder();
  writeFileSync(join(others, "s"), "of somebody else");
  const [link, left] = [join(tmpdir(), `manyhands-${dead}-link`), join(tmpdir(), `manyhands-${dead}-left`)];
  symlinkSync(others, link);
  later(() => rmSync(link, { force: true }));
  mkdirSync(left);
  writeFileSync(join(left, "s"), "");
  // The second begins after all that the first had begun is done.
  for (const owner of [processes(), processes()]) await within(owner.submit(makeTally), "the call");
  await until(() => !existsSync(left), "the folder should have been removed");
  expect(existsSync(join(others, "s"))).toBe(true);
});

test("a thread that is parked for an owner whose answer cannot be read is told that the owner is gone", async () => {
  expect(await outputOf(program("garbled-owner"))).toBe("ERR_OWNER_GONE\n");
});
