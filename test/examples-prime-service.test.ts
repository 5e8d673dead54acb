/** examples/prime-service.ts: right answers, clear refusals, and a dead worker that costs one request. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Executor, ProcessPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { answerAtGate } from "#tasks/pool.js";
import { isPrime as byTrial } from "../examples/built/prime-benchmark.js";
import { arePrime, isPrime, LIMIT, MOST_NUMBERS, primeService } from "../examples/built/prime-service.js";
import { failureOf, node } from "./conformance/support.js";
import { keep, later, newGate } from "./keeping.js";

type PrimeTask = (numbers: readonly string[]) => boolean[] | Promise<boolean[]>;
type Answer = { readonly status: number; readonly body: Record<string, unknown> };

async function serve(
  pool: Executor,
  task: PrimeTask = arePrime,
): Promise<(path: string, init?: RequestInit) => Promise<Answer>> {
  const server = primeService(pool, task).listen(0, "127.0.0.1");
  await once(server, "listening");
  later(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return async (path, init) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

const pool = (): ProcessPoolExecutor => keep(new ProcessPoolExecutor({ maxWorkers: 2 }));

test("isPrime agrees with trial division below 20 000, and around 2^53", () => {
  for (let n = 0; n < 20_000; n += 1) expect([n, isPrime(BigInt(n))]).toEqual([n, byTrial(n)]);
  for (const n of [2 ** 53 - 111, 9_007_199_254_740_881, 94_906_249 ** 2, 94_906_247 ** 2]) {
    expect([n, isPrime(BigInt(n))]).toEqual([n, byTrial(n)]);
  }
});

test.each<[bigint, boolean]>([
  [2n ** 61n - 1n, true],
  [2n ** 60n + 1n, false],
  [(2n ** 31n - 1n) * (2n ** 31n - 1n), false],
  // Composite, and takes in many single bases.
  [3_215_031_751n, false],
  [3_825_123_056_546_413_051n, false],
  [318_665_857_834_031_151_167_461n, false],
])("isPrime(%s) is %s", (n, expected) => {
  expect(isPrime(n)).toBe(expected);
});

test("each number asked for is answered, large ones exactly", async () => {
  const ask = await serve(pool());
  expect(await ask("/is-prime/2,3,112272535095293")).toEqual({
    status: 200,
    body: { "2": true, "3": true, "112272535095293": true },
  });
  expect(await ask("/is-prime/0,1,9007199254740993,2305843009213693951,1152921504606846977")).toEqual({
    status: 200,
    body: {
      "0": false,
      "1": false,
      "9007199254740993": false,
      "2305843009213693951": true,
      "1152921504606846977": false,
    },
  });
});

describe("what cannot be answered is refused, and the next request is served", () => {
  test.each<[string, string, number, RegExp]>([
    ["letters", "/is-prime/abc", 400, /whole number.*"abc"/],
    ["nothing", "/is-prime/", 400, /No numbers/],
    ["less than nothing", "/is-prime", 400, /No numbers/],
    ["an empty place", "/is-prime/2,,3", 400, /whole number/],
    ["a negative number", "/is-prime/-7", 400, /whole number.*"-7"/],
    ["a fraction", "/is-prime/1.5", 400, /whole number/],
    ["10^400", `/is-prime/1${"0".repeat(400)}`, 422, /Too large.*401 characters/],
    ["the first number beyond the proof", `/is-prime/${LIMIT}`, 422, /Too large/],
    ["a number of 100 000 digits", `/is-prime/${"9".repeat(100_000)}`, 422, /Too large.*100000 characters/],
    ["10 000 numbers", `/is-prime/${"7,".repeat(9_999)}7`, 413, new RegExp(`10000 numbers.*at most ${MOST_NUMBERS}`)],
    ["another path", "/primes/2", 404, /is-prime/],
  ])("%s", async (_name, path, status, message) => {
    const ask = await serve(pool());
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.body["error"]).toMatch(message);
    expect((await ask("/is-prime/7")).body).toEqual({ "7": true });
  });

  test("another method", async () => {
    const ask = await serve(pool());
    expect((await ask("/is-prime/2", { method: "POST" })).status).toBe(405);
  });
});

test("a worker that dies costs the request that was on it, and no other", async () => {
  const gate = await newGate();
  const env = { ...process.env, MANYHANDS_TEST_GATE: gate.path };
  const ask = await serve(keep(new ProcessPoolExecutor({ maxWorkers: 2, env })), answerAtGate);
  const doomed = ask("/is-prime/666");
  const [pid = ""] = await gate.arrived(1);
  expect((await ask("/is-prime/2")).status).toBe(200);
  process.kill(Number(pid), "SIGKILL");
  expect(await doomed).toEqual({
    status: 503,
    body: { error: expect.stringMatching(/worker of this request has died/) },
  });
  for (let n = 0; n < 5; n += 1) expect((await ask("/is-prime/2,3")).body).toEqual({ "2": true, "3": true });
});

test("a client that leaves takes its request along", async () => {
  const gate = await newGate();
  const env = { ...process.env, MANYHANDS_TEST_GATE: gate.path };
  const workers = keep(new ProcessPoolExecutor({ maxWorkers: 1, env }));
  const ask = await serve(workers, answerAtGate);
  const leave = new AbortController();
  const left = failureOf(ask("/is-prime/666", { signal: leave.signal }));
  await gate.arrived(1);
  leave.abort();
  await left;
  expect((await ask("/is-prime/2")).body).toEqual({ "2": true });
  expect(workers.stats().cancelled).toBe(1);
});

test("a service whose pool has ended says so", async () => {
  const workers = pool();
  const ask = await serve(workers);
  await workers.shutdown();
  expect((await ask("/is-prime/2")).status).toBe(503);
});

test("the program answers, and ends by SIGTERM", async () => {
  const service = node([fileURLToPath(new URL("../examples/built/prime-service.js", import.meta.url)), "0", "1"]);
  const url = `http${await service.line("http")}`;
  expect(await (await fetch(url, { headers: { connection: "close" } })).json()).toEqual({
    "2": true,
    "3": true,
    "112272535095293": true,
  });
  process.kill(service.pid, "SIGTERM");
  const { code, stderr } = await service.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
