/** The limits of @manyhands/server: each is refused with its own status, exactly at its number, and leaves no trace. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@manyhands/server";
import { InvalidOptionError, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { made, until } from "./conformance/support.js";
import { folder, keep, newGate } from "./keeping.js";
import { Client, call, get, problemIn, rawRequest, responseOf, SERVING, started } from "./server-support.js";

const one = (): ThreadPoolExecutor => keep(new ThreadPoolExecutor({ maxWorkers: 1 }));

test("a body of more than maxBody bytes is refused with 413", async () => {
  const { url } = await started({ maxBody: 100 });
  const argument = (bytes: number): string => JSON.stringify(["x".repeat(bytes - 4)]);
  expect((await call(url, "echo", argument(100))).status).toBe(200);
  expect(problemIn(await call(url, "echo", argument(101)))).toMatchObject({ status: 413, code: "ERR_BODY_TOO_LARGE" });
});

test("a body that does not say how long it is is refused too", async () => {
  const { url } = await started({ maxBody: 100 });
  const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
  const asked = rawRequest(url, "/functions/echo", { method: "POST", headers });
  asked.end(JSON.stringify(["x".repeat(1000)]));
  expect((await responseOf(asked)).statusCode).toBe(413);
});

test("a line of more than maxBody characters ends its map, and says so", async () => {
  const { url } = await started({ maxBody: 100 });
  const headers = { "content-type": "application/x-ndjson" };
  const body = `1\n"${"x".repeat(1000)}"\n2\n`;
  const response = await fetch(`${url}/functions/echo/map`, { method: "POST", headers, body });
  const lines = (await response.text())
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { index: 0, value: 1 },
    { error: expect.objectContaining({ status: 413, code: "ERR_BODY_TOO_LARGE" }) },
  ]);
});

test("a WebSocket message of more than maxBody bytes closes its socket", async () => {
  const { url } = await started({ maxBody: 100 });
  const client = await new Client(url).opened();
  client.send("x".repeat(101));
  expect(await client.closed).toBe(1009);
});

test("one call more than maxQueue is refused with 503 and Retry-After, and taken when there is room", async () => {
  const gate = await newGate();
  const { url, executor } = await started({ executor: one(), maxQueue: 2 });
  const running = call(url, "gated", [gate.path, "running"]);
  await gate.arrived(1);
  const waiting = [call(url, "gated", [gate.path, "a"]), call(url, "gated", [gate.path, "b"])];
  await until(() => executor.stats().queued === 2, "two calls should wait");
  const refused = await call(url, "add", [1, 2]);
  expect(problemIn(refused)).toMatchObject({ status: 503, code: "ERR_QUEUE_FULL" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  // Jobs wait in the same queue.
  expect((await call(url, "add?mode=async", [1, 2])).status).toBe(503);
  gate.open();
  const answers = await Promise.all([running, ...waiting]);
  expect(answers.map(({ body }) => body)).toEqual(["running", "a", "b"]);
  expect((await call(url, "add", [1, 2])).body).toBe(3);
});

test("of a hundred calls at once, as many are taken as run and may wait", async () => {
  const gate = await newGate();
  const { url, executor } = await started({ executor: one(), maxQueue: 10, maxPerClient: 1000 });
  const first = call(url, "gated", [gate.path, "0"]);
  await gate.arrived(1);
  const calls = Array.from({ length: 100 }, (_, n) => call(url, "gated", [gate.path, String(n + 1)]));
  let answered = 0;
  for (const each of calls) void each.then(() => (answered += 1));
  await until(() => answered === 90, "ninety should be refused");
  expect(executor.stats()).toMatchObject({ running: 1, queued: 10 });
  gate.open();
  const statuses = (await Promise.all([first, ...calls])).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(11);
  expect(statuses.filter((status) => status === 503)).toHaveLength(90);
});

describe("a call that takes longer than timeout", () => {
  /** Two servers on one worker, which has booted: booting counts as waiting. */
  async function hurried(timeout: number) {
    const executor = one();
    const { url: patient } = await started({ executor });
    expect((await call(patient, "add", [1, 2])).body).toBe(3);
    const { url } = await started({ executor, timeout, grace: 0 });
    return { url, patient, executor };
  }

  test("is answered 504, and its work has really stopped", async () => {
    const log = join(folder(), "log");
    const { url, patient, executor } = await hurried(300);
    expect(problemIn(await call(url, "spin", [log]))).toMatchObject({ status: 504, code: "ERR_TIMEOUT" });
    expect(existsSync(log)).toBe(true);
    expect(executor.stats()).toMatchObject({ running: 0, queued: 0 });
    // Its worker was the only one: it could serve nobody if the loop still ran.
    expect((await call(patient, "add", [1, 2])).body).toBe(3);
  });

  test("in the queue is answered 503, and never starts", async () => {
    const gate = await newGate();
    const { url, patient } = await hurried(300);
    const running = call(patient, "gated", [gate.path, "a"]);
    await gate.arrived(1);
    const late = await call(url, "gated", [gate.path, "b"]);
    expect(problemIn(late)).toMatchObject({ status: 503, code: "ERR_QUEUE_TIMEOUT" });
    expect(late.headers.get("retry-after")).toBe("1");
    gate.open();
    expect((await running).body).toBe("a");
    expect(gate.arrivals).toEqual(["a"]);
  });

  test("as a job tells so", async () => {
    const { url } = await hurried(300);
    const job = (await call(url, "spin?mode=async", [])).headers.get("location");
    await (await fetch(`${url}${job}/events`)).text();
    expect((await get(url + job)).body).toMatchObject({ state: "failed", error: { status: 504 } });
  });
});

test("one call more at once than maxPerClient is refused with 429, over HTTP and WebSocket together", async () => {
  const gate = await newGate();
  const { url } = await started({ maxPerClient: 2 });
  const client = await new Client(url).opened();
  client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "socket"] });
  const first = call(url, "gated", [gate.path, "http"]);
  await gate.arrived(2);
  const refused = await call(url, "add", [1, 2]);
  expect(problemIn(refused)).toMatchObject({ status: 429, code: "ERR_TOO_MANY_CALLS" });
  expect(refused.headers.get("retry-after")).toBe("1");
  client.send({ type: "call", id: 2, function: "add", args: [1, 2] });
  expect(await client.next()).toMatchObject({ type: "error", id: 2, error: { code: "ERR_TOO_MANY_CALLS" } });
  gate.open();
  expect((await first).status).toBe(200);
  expect(await client.next()).toMatchObject({ type: "result", id: 1 });
  expect((await call(url, "add", [1, 2])).status).toBe(200);
});

test("more calls than rate allows are refused with 429, over HTTP and WebSocket together; looking is free", async () => {
  const { url } = await started({ rate: { limit: 3, per: 3_600_000 } });
  const client = await new Client(url).opened();
  expect((await call(url, "add", [1, 2])).status).toBe(200);
  client.send({ type: "call", id: 1, function: "add", args: [1, 2] });
  expect(await client.next()).toMatchObject({ type: "result", value: 3 });
  expect((await call(url, "add?mode=async", [1, 2])).status).toBe(202);
  const refused = await call(url, "add", [1, 2]);
  expect(problemIn(refused)).toMatchObject({ status: 429, code: "ERR_RATE" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1000);
  client.send({ type: "call", id: 2, function: "add", args: [1, 2] });
  expect(await client.next()).toMatchObject({ type: "error", id: 2, error: { code: "ERR_RATE" } });
  for (let n = 0; n < 5; n += 1) expect((await get(`${url}/functions`)).status).toBe(200);
});

test.each<[string, object]>([
  ["maxQueue", { maxQueue: 0 }],
  ["timeout", { timeout: Number.NaN }],
  ["rate.limit", { rate: { limit: 0, per: 1 } }],
  ["port", { port: 70_000 }],
  ["token", { token: "short" }],
])("%s out of range is refused by name", async (option, options) => {
  const error = await serve({ modules: [SERVING], executor: one(), ...options }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidOptionError);
  expect(error).toMatchObject({ option });
});

describe("a client that disconnects", () => {
  test("stops its call: the task sees its signal abort", async () => {
    const gate = await newGate();
    const log = join(folder(), "log");
    const { url, executor } = await started({ executor: one() });
    const leave = new AbortController();
    const left = call(url, "gated", [gate.path, "a", log], { signal: leave.signal }).catch((error: unknown) => error);
    await gate.arrived(1);
    leave.abort();
    await left;
    await made(log);
    expect((await call(url, "add", [1, 2])).body).toBe(3);
    expect(executor.stats()).toMatchObject({ cancelled: 1, completed: 1, lost: 0 });
  });

  test("stops a call that never looks", async () => {
    const log = join(folder(), "log");
    const { url } = await started({ executor: one() });
    const leave = new AbortController();
    const left = call(url, "spin", [log], { signal: leave.signal }).catch((error: unknown) => error);
    await made(log);
    leave.abort();
    await left;
    expect((await call(url, "add", [1, 2])).body).toBe(3);
  });

  test("takes its waiting calls along: they never start", async () => {
    const gate = await newGate();
    const { url, executor } = await started({ executor: one() });
    const running = call(url, "gated", [gate.path, "a"]);
    await gate.arrived(1);
    const leave = new AbortController();
    const left = call(url, "gated", [gate.path, "b"], { signal: leave.signal }).catch((error: unknown) => error);
    await until(() => executor.stats().queued === 1, "the second should wait");
    leave.abort();
    await left;
    await until(() => executor.stats().cancelled === 1, "the second should be cancelled");
    gate.open();
    expect((await running).body).toBe("a");
    expect(gate.arrivals).toEqual(["a"]);
  });

  test("does not stop its job", async () => {
    const gate = await newGate();
    const { url } = await started();
    const job = (await call(url, "gated?mode=async", [gate.path, "a"])).headers.get("location");
    await gate.arrived(1);
    const leave = new AbortController();
    const events = await fetch(`${url}${job}/events`, { signal: leave.signal });
    expect(events.status).toBe(200);
    leave.abort();
    gate.open();
    await (await fetch(`${url}${job}/events`)).text();
    expect((await get(url + job)).body).toMatchObject({ state: "succeeded", result: "a" });
  });
});
