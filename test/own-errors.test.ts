/** Every error class that the library exports arrives from a task as what it is. */
import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { classNamed, make, ownErrors, throwOwn } from "#tasks/own-errors.js";
import { keep } from "./keeping.js";

test.each([
  ["threads", ThreadPoolExecutor],
  ["processes", ProcessPoolExecutor],
] as const)("from %s: class, code, message and own data", async (_kind, Pool) => {
  const pool = keep(new Pool({ maxWorkers: 1 }));
  const all = ownErrors();
  expect(all.length).toBeGreaterThan(30);
  const ends = await Promise.allSettled(all.map((path) => pool.submit(throwOwn, path)));
  const arrived = ends.map((end) => (end.status === "rejected" ? end.reason : undefined));
  for (const [at, path] of all.entries()) {
    const [sent, error] = [make(path), arrived[at]];
    expect(error, path).toBeInstanceOf(classNamed(path));
    expect([path, error.name, error.message, { ...error }]).toEqual([path, sent.name, sent.message, { ...sent }]);
  }
});
