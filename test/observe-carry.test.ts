/** Values of an AsyncLocalStorage that go along with calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { FunctionRefError, InvalidOptionError, SerializationError } from "manyhands";
import { carry } from "manyhands/observe";
import { describe, expect, test } from "vitest";
import {
  carryBoth,
  request,
  type Seen,
  seenByItem,
  seenEachTime,
  seenFurther,
  seenLater,
  seenNow,
  stranger,
  user,
} from "#tasks/observing.js";
import { CANDIDATES } from "./conformance/executors.js";
import { errorOf, within } from "./conformance/support.js";
import { folder, keep, later } from "./keeping.js";

const NOTHING: Seen = { request: undefined, user: undefined, stranger: undefined };
const TASKS_MODULE = import.meta.resolve("#tasks/observing.js");

function carried(): void {
  const ends = carryBoth();
  later(() => ends[Symbol.dispose]());
}

describe.each(Object.entries(CANDIDATES))("%s", (kind, { make }) => {
  test("what is current where a call is submitted is current in the task, and after its awaits", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 1 }));
    const inside = await request.run({ id: "7f" }, () =>
      user.run("ada", () => [pool.submit(seenNow), pool.submit(seenLater)]),
    );
    const expected = { request: "7f", user: "ada", stranger: undefined };
    expect(await within(Promise.all(inside), "the calls")).toEqual([expected, expected]);
  });

  test("a call without a value sees none, whoever came before it", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 1 }));
    const before = request.run({ id: "first" }, () => [pool.submit(seenLater), pool.submit(seenNow)]);
    const plain = [pool.submit(seenNow), pool.submit(seenLater)];
    const other = user.run("bob", () => pool.submit(seenLater));
    await within(Promise.all(before), "the calls before");
    expect(await within(Promise.all([...plain, pool.submit(seenNow)]), "the calls without")).toEqual([
      NOTHING,
      NOTHING,
      NOTHING,
    ]);
    expect(await within(other, "a call with another value")).toEqual({ ...NOTHING, user: "bob" });
  });

  test("calls that run at once see each their own", async () => {
    carried();
    const pool = keep(kind === "event-loop" ? make({ maxWorkers: 8 }) : make({ maxWorkers: 1, tasksPerWorker: 8 }));
    const ids = Array.from({ length: 40 }, (_, n) => `r${n}`);
    const all = ids.map((id) => request.run({ id }, () => pool.submit(seenLater)));
    const seen = await within(Promise.all(all), "the calls");
    expect(seen.map(({ request: id }) => id)).toEqual(ids);
  });

  test("every item of a map sees what was current where the map was made", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 2 }));
    for (let round = 0; round < 100; round += 1) await pool.submit(seenByItem, round);
    const results = request.run({ id: "map" }, () =>
      pool.map(
        seenByItem,
        Array.from({ length: 300 }, (_, n) => n),
      ),
    );
    for (const { n, seen } of await within(results, "the map")) {
      expect({ n, seen }).toEqual({ n, seen: { ...NOTHING, request: "map" } });
    }
  });

  test("another attempt sees what the first one saw", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 1 }));
    const log = join(folder(), "log");
    const outcome = request.run({ id: "again" }, () => pool.with({ retries: 2 }).submit(seenEachTime, log, 3));
    expect(await within(outcome, "the call")).toEqual(["again", "again", "again"]);
  });

  test("nothing goes along once nobody carries", async () => {
    const ends = carryBoth();
    const pool = keep(make({ maxWorkers: 1 }));
    await request.run({ id: "while" }, () => pool.submit(seenNow));
    ends[Symbol.dispose]();
    ends[Symbol.dispose]();
    if (kind === "event-loop") return;
    const seen = await request.run({ id: "after" }, () => pool.submit(seenNow));
    expect(seen).toEqual(NOTHING);
  });
});

describe.each(["thread", "process"] as const)("workers (%s)", (kind) => {
  const { make } = CANDIDATES[kind];

  test("a value goes on to what the task submits", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 1 }));
    const seen = await request.run({ id: "far" }, () => within(pool.submit(seenFurther), "the call"));
    expect(seen).toMatchObject({ request: "far" });
  });

  test("a value that cannot be cloned fails its call", async () => {
    carried();
    const pool = keep(make({ maxWorkers: 1 }));
    const held = { id: "x", close: () => undefined };
    await errorOf(
      SerializationError,
      request.run(held, () => pool.submit(seenNow)),
    );
    expect(await pool.submit(seenNow)).toEqual(NOTHING);
  });

  test("a name that the module does not export as a storage fails the call, and says so", async () => {
    const carrying = carry(stranger, TASKS_MODULE, "seenNow");
    later(() => carrying[Symbol.dispose]());
    const pool = keep(make({ maxWorkers: 1 }));
    const error = await errorOf(
      FunctionRefError,
      stranger.run("s", () => pool.submit(seenNow)),
    );
    expect(error.message).toMatch(/does not export seenNow as an AsyncLocalStorage/);
  });
});

test("what is no storage, no URL or no name is refused at once", () => {
  const storage = new AsyncLocalStorage();
  expect(() => carry({} as never, import.meta.url, "x")).toThrow(InvalidOptionError);
  expect(() => carry(storage, "here", "x")).toThrow(InvalidOptionError);
  expect(() => carry(storage, import.meta.url, "")).toThrow(InvalidOptionError);
});
