/** Many requests while workers are killed: every one is answered, none twice, and the books agree. */
import { ProcessPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { until } from "./conformance/support.js";
import { keep } from "./keeping.js";
import { call, started } from "./server-support.js";

/** MANYHANDS_LOAD=5000 runs the long form. */
const REQUESTS = Number(process.env["MANYHANDS_LOAD"] ?? 1500);
const CONNECTIONS = 100;
const KILL_EVERY = 1000;

test("every request is answered while workers are killed: with its own result, or 503", {
  timeout: 120_000,
}, async () => {
  const executor = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
  const { url } = await started({ executor, maxPerClient: 2 * CONNECTIONS, maxQueue: 2 * CONNECTIONS });
  const pids = new Set<number>();
  const kill = async (): Promise<void> => {
    const pid = Number((await call(url, "pid", [])).body);
    // The call itself may have been on a worker that was killed.
    if (Number.isInteger(pid) && pid > 0 && !pids.has(pid)) {
      pids.add(pid);
      process.kill(pid, "SIGKILL");
    }
  };
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  let next = 0;
  const kills: Promise<void>[] = [];
  // By time in the long form; by number in the short one, which is over soon.
  const every = Math.floor(REQUESTS / 6);
  const timer = REQUESTS >= 5000 ? setInterval(() => void kills.push(kill()), KILL_EVERY) : undefined;
  const connection = async (): Promise<void> => {
    while (next < REQUESTS) {
      const n = next;
      next += 1;
      if (timer === undefined && n % every === every - 1) kills.push(kill());
      const { status, body } = await call(url, "workedEcho", [n]);
      if (status === 200) {
        expect(body).toBe(n);
        count("result");
      } else {
        const { code } = body as { code: string };
        expect([status, code]).toEqual([503, "ERR_WORKER_EXITED"]);
        count("lost");
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  clearInterval(timer);
  await Promise.all(kills);
  const [result = 0, lost = 0] = [counts.get("result"), counts.get("lost")];
  expect(result + lost).toBe(REQUESTS);
  expect(pids.size).toBeGreaterThan(0);
  // The end of the one killed last may still be on its way here.
  await until(() => executor.stats().lost === pids.size, "each killed worker should be counted once");
  // A worker runs one call at a time, so that no more can go down with it.
  expect(lost).toBeLessThanOrEqual(pids.size);
  const stats = executor.stats();
  expect(stats).toMatchObject({ queued: 0, running: 0, cancelled: 0, retried: 0 });
  expect(stats.completed + stats.failed).toBe(REQUESTS + kills.length);
  console.log(`${REQUESTS} requests: ${result} results, ${lost} lost with ${pids.size} killed workers`);
});
