/** `Manager`: objects in a process of their own, used by all. */
import {
  FunctionRefError,
  InvalidOptionError,
  moduleRef,
  OwnerGoneError,
  ProcessPoolExecutor,
  RemoteError,
  SerializationError,
  ShutdownError,
  ThreadPoolExecutor,
} from "manyhands";
import { type Managed, ManagedObject, Manager, type ManagerDict } from "manyhands/multiprocessing";
import { expect, test } from "vitest";
import {
  Account,
  appendEach,
  count,
  countFromGrandchild,
  OverdrawnError,
  openAccount,
  withdrawAll,
} from "#tasks/managed-classes.js";
import { giveBack } from "#tasks/tallying.js";
import { errorOf, until, within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";

const LONG = 20_000;

function newManager(): Manager {
  const manager = new Manager();
  later(() => within(manager.shutdown(), "shutdown()"));
  return manager;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a dictionary does what a Map and what Python's does", async () => {
  const dict = await within(newManager().dict<string, number>([["a", 1]]), "the dict", LONG);
  await dict.set("b", 2);
  expect(await dict.get("a")).toBe(1);
  expect([await dict.get("none"), await dict.get("none", 7)]).toEqual([undefined, 7]);
  expect(await dict.has("b")).toBe(true);
  expect(await dict.size()).toBe(2);
  expect([await dict.setdefault("b", 9), await dict.setdefault("c", 9)]).toEqual([2, 9]);
  await dict.update([
    ["a", 5],
    ["d", 6],
  ]);
  expect(await dict.entries()).toEqual([
    ["a", 5],
    ["b", 2],
    ["c", 9],
    ["d", 6],
  ]);
  expect(await dict.popitem()).toEqual(["d", 6]);
  expect(await dict.pop("c")).toBe(9);
  expect([await dict.delete("b"), await dict.delete("b")]).toEqual([true, false]);
  expect(await dict.copy()).toEqual(new Map([["a", 5]]));
  await dict.clear();
  expect([await dict.keys(), await dict.values()]).toEqual([[], []]);
});

test("a list does what Python's does", async () => {
  const list = await within(newManager().list([3, 1, 2]), "the list", LONG);
  expect(await list.push(10)).toBe(4);
  await list.sort();
  expect(await list.copy()).toEqual([1, 2, 3, 10]);
  await list.sort("descending");
  await list.extend([7, 7]);
  await list.insert(0, 0);
  expect(await list.copy()).toEqual([0, 10, 3, 2, 1, 7, 7]);
  expect([await list.get(0), await list.get(-1), await list.pop(), await list.pop(0)]).toEqual([0, 7, 7, 0]);
  await list.remove(3);
  await list.set(-1, 8);
  await list.reverse();
  expect(await list.slice(0, 3)).toEqual([8, 1, 2]);
  expect([await list.index(2), await list.count(2), await list.includes(99), await list.length()]).toEqual([
    2,
    1,
    false,
    4,
  ]);
  await errorOf(RangeError, list.get(4));
  await errorOf(RangeError, list.remove(99));
});

test("a namespace, a value and an array keep what they are given", async () => {
  const manager = newManager();
  const names = await within(manager.Namespace<{ x: number; y: string }>({ x: 1 }), "the namespace", LONG);
  await names.set("y", "two");
  expect([await names.get("x"), await names.get("y"), await names.has("y")]).toEqual([1, "two", true]);
  await names.update({ x: 3 });
  expect(await names.delete("y")).toBe(true);
  expect(await names.copy()).toEqual({ x: 3 });
  const value = await manager.Value(5);
  expect([await value.add(2), await value.compareAndSet(7, 1), await value.get()]).toEqual([7, true, 1]);
  const zeros = await manager.Array(3);
  await zeros.set(1, 4);
  expect(await zeros.copy()).toEqual([0, 4, 0]);
});

test("objects are used by threads, by processes, and by processes of these", async () => {
  const dict = await within(newManager().dict<string, number>(), "the dict", LONG);
  const processes = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const threads = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
  await within(processes.submit(count, dict, "process"), "the process", LONG);
  await within(threads.submit(count, dict, "thread"), "the thread", LONG);
  await within(processes.submit(countFromGrandchild, dict, "grandchild"), "the grandchild", LONG);
  const pids = await dict.copy();
  expect([...pids.keys()]).toEqual(["process", "thread", "grandchild"]);
  expect(pids.get("thread")).toBe(process.pid);
  expect(new Set(pids.values()).size).toBe(3);
  expect(await within(processes.submit(giveBack<typeof dict>, dict), "the call")).toBe(dict);
});

test("each call of a method is one operation, whoever else calls", async () => {
  const manager = newManager();
  const account = await within(manager.create(Account, 100), "the account", LONG);
  const list = await manager.list<number>();
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
  const all = await within(
    Promise.all([pool.submit(withdrawAll, account, 1), pool.submit(withdrawAll, account, 1)]),
    "the calls",
    LONG,
  );
  expect((all[0] ?? 0) + (all[1] ?? 0)).toBe(100);
  await within(Promise.all([pool.submit(appendEach, list, 50), pool.submit(appendEach, list, 50)]), "the calls", LONG);
  expect(await list.length()).toBe(100);
});

test("what is put into an object is a copy; an object of the manager that is put into another is itself", async () => {
  const manager = newManager();
  const plain = { inner: [1] };
  const outer = await within(manager.dict<string, unknown>([["plain", plain]]), "the dict", LONG);
  plain.inner.push(2);
  const got = (await outer.get("plain")) as typeof plain;
  got.inner.push(3);
  expect(await outer.get("plain")).toEqual({ inner: [1] });
  const inner = await manager.list<number>();
  await outer.set("live", inner);
  const same = (await outer.get("live")) as typeof inner;
  expect(same).toBe(inner);
  await same.append(4);
  expect(await inner.copy()).toEqual([4]);
  expect(await outer.values()).toEqual([{ inner: [1] }, inner]);
});

test("a hidden method is a remote error, and what a method throws arrives as what it is (H10)", async () => {
  const account = await within(newManager().create(Account, 10), "the account", LONG);
  const hidden = await errorOf(RemoteError, account.callMethod("_secret"));
  expect(hidden.message).toContain("_secret");
  await errorOf(RemoteError, account.callMethod("constructor"));
  expect("_secret" in account).toBe(false);
  const error = await errorOf(OverdrawnError, account.withdraw(11));
  expect(error.missing).toBe(1);
  expect((await errorOf(OverdrawnError, account.withdrawLater(12))).missing).toBe(2);
  expect(await account.withdraw(4)).toBe(6);
  await errorOf(
    SerializationError,
    account.callMethod("withdraw", () => 1),
  );
});

test("a class is made by name with what was registered, by reference, or by a function", async () => {
  Manager.register("Slot", Account, { exposed: ["balance"] });
  const manager = newManager();
  const slot = await within(manager.create<Account>("Slot", 3), "the slot", LONG);
  expect(await slot.balance()).toBe(3);
  await errorOf(RemoteError, slot.callMethod("withdraw", 1));
  const { openAccount: opening } = moduleRef<typeof import("#tasks/managed-classes.js")>(
    new URL("./built/tasks/managed-classes.js", import.meta.url),
  );
  expect(await (await manager.create(opening, 2)).balance()).toBe(200);
  expect(openAccount(1).balance()).toBe(100);
  await errorOf(OverdrawnError, manager.create(Account, -1));
  await errorOf(InvalidOptionError, manager.create("Nothing"));
  class Local {}
  await errorOf(FunctionRefError, manager.create(Local));
});

test("a method may be given other objects of the manager, and uses them there", async () => {
  const manager = newManager();
  const [one, other] = await within(
    Promise.all([manager.create(Account, 1), manager.create(Account, 5)]),
    "the accounts",
    LONG,
  );
  expect(await one.takeFrom(other as Managed<Account>, 5)).toBe(6);
  expect(await other.balance()).toBe(0);
});

test("shutdown ends the process; its objects and the manager say so", async () => {
  const manager = newManager();
  const account = await within(manager.create(Account, 1), "the account", LONG);
  const pid = await account.pid();
  expect(pid).not.toBe(process.pid);
  await within(manager.shutdown(), "shutdown()");
  await until(() => !isAlive(pid), "the process should have ended");
  await errorOf(OwnerGoneError, account.balance());
  await errorOf(ShutdownError, manager.dict());
  await within(manager.shutdown(), "shutdown() again");
});

test("a manager whose process is killed is lost, and is not replaced by an empty one", async () => {
  const manager = newManager();
  const account = await within(manager.create(Account, 1), "the account", LONG);
  await errorOf(OwnerGoneError, account.crash());
  await errorOf(OwnerGoneError, account.balance());
  await errorOf(OwnerGoneError, manager.dict());
});

test("a manager leaves Ctrl-C to its program", async () => {
  const account = await within(newManager().create(Account, 8), "the account", LONG);
  process.kill(await account.pid(), "SIGINT");
  expect(await account.balance()).toBe(8);
});

test("an object says what it is", async () => {
  const dict: Managed<ManagerDict<string, number>> = await within(newManager().dict<string, number>(), "dict", LONG);
  expect(dict).toBeInstanceOf(ManagedObject);
  expect(String(dict)).toBe("[object Managed dict]");
});
