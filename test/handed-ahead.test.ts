/** A pool's first worker is handed a call while it boots. What holds for calls that wait holds for that one, too.
 *
 *  What is loaded before a process's program decides how its start goes; calls note their runs in a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { moduleRef, ProcessPoolExecutor, type ProcessPoolOptions } from "manyhands";
import { expect, test } from "vitest";
import { tasksUrl } from "#tasks/basic.js";
import { linesOf, within } from "./conformance/support.js";
import { folder, keep } from "./keeping.js";

/** Known at once how it travels: what is submitted has left when the turn is over. */
const { record } = moduleRef<typeof import("#tasks/basic.js")>(new URL("basic.js", tasksUrl));

/** A pool, and files in a folder, with a program that the first of its processes runs before its own. */
function poolWhoseFirst(
  does: string,
  options: ProcessPoolOptions,
): { pool: ProcessPoolExecutor; go: string; log: string } {
  const place = folder();
  const [go, log, before] = [join(place, "go"), join(place, "log"), join(place, "before.mjs")];
  writeFileSync(
    before,
    `import { existsSync, mkdirSync } from "node:fs";
    const go = ${JSON.stringify(go)};
    const nap = new Int32Array(new SharedArrayBuffer(4));
    let first = true;
    try { mkdirSync(${JSON.stringify(join(place, "first"))}); } catch { first = false; }
    if (first) { ${does} }`,
  );
  const execArgv = ["--import", pathToFileURL(before).href];
  return { pool: keep(new ProcessPoolExecutor({ execArgv, ...options })), go, log };
}

/** Boots until the test lets it go on. */
const HELD_UP = "while (!existsSync(go)) Atomics.wait(nap, 0, 0, 2);";

test("it runs in another worker when that is up first", async () => {
  const { pool, go, log } = poolWhoseFirst(HELD_UP, { maxWorkers: 2 });
  const calls = ["a", "b"].map((name) => pool.submit(record, log, name));
  expect(await within(Promise.all(calls), "both calls")).toEqual(["a", "b"]);
  writeFileSync(go, "");
  await within(pool.submit(record, log, "c"), "a call");
  await within(pool.shutdown(), "shutdown()");
  expect(linesOf(log)).toEqual(["a", "b", "c"]);
});

test("it waits: it can be cancelled, and then never runs", async () => {
  const { pool, go, log } = poolWhoseFirst(HELD_UP, { maxWorkers: 1 });
  const call = pool.submit(record, log, "a");
  await setImmediate();
  expect(pool.stats()).toMatchObject({ workers: 0, busy: 0, booting: 1, queued: 1, running: 0 });
  expect(call.state).toBe("pending");
  expect(call.cancel()).toBe(true);
  const other = pool.submit(record, log, "b");
  writeFileSync(go, "");
  expect(await within(other, "another call")).toBe("b");
  await within(pool.shutdown(), "shutdown()");
  expect(linesOf(log)).toEqual(["b"]);
});

test("it survives a worker that ends on its way up", async () => {
  const { pool, log } = poolWhoseFirst("process.exit(7);", { maxWorkers: 1 });
  expect(await within(pool.submit(record, log, "a"), "the call")).toBe("a");
  expect(linesOf(log)).toEqual(["a"]);
  expect(pool.stats()).toMatchObject({ lost: 1, completed: 1 });
});
