/** The WebSocket of @manyhands/server: several calls over one socket, each answered once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ThreadPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { made, until } from "./conformance/support.js";
import { folder, keep, newGate } from "./keeping.js";
import { Client, call, started } from "./server-support.js";

test("a call is answered with its progress, then its result", async () => {
  const { url } = await started();
  const client = await new Client(url).opened();
  client.send({ type: "call", id: "a", function: "counting", args: [2] });
  expect(await client.next()).toEqual({ type: "progress", id: "a", value: { step: 1 } });
  expect(await client.next()).toEqual({ type: "progress", id: "a", value: { step: 2 } });
  expect(await client.next()).toEqual({ type: "result", id: "a", value: "2 steps" });
});

test("several calls of one socket end in their own order, each under its id", async () => {
  const gate = await newGate();
  const { url } = await started();
  const client = await new Client(url).opened();
  client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "slow"] });
  await gate.arrived(1);
  client.send({ type: "call", id: 2, function: "triple", args: [{ $bigint: "2" }] });
  expect(await client.next()).toEqual({ type: "result", id: 2, value: { $bigint: "6" } });
  client.send({ type: "call", id: 3, function: "nothing" });
  expect(await client.next()).toEqual({ type: "result", id: 3 });
  gate.open();
  expect(await client.next()).toEqual({ type: "result", id: 1, value: "slow" });
});

test("a thousand calls sent at once are answered once each", async () => {
  const { url } = await started({ maxPerClient: 1000 });
  const client = await new Client(url).opened();
  for (let id = 0; id < 1000; id += 1) client.send({ type: "call", id, function: "echo", args: [id] });
  const answers = new Map<unknown, unknown>();
  for (let n = 0; n < 1000; n += 1) {
    const { type, id, value } = await client.next();
    expect([type, answers.has(id)]).toEqual(["result", false]);
    answers.set(id, value);
  }
  for (const [id, value] of answers) expect(value).toBe(id);
});

test("cancel stops a call: its task sees it, and the answer is one error", async () => {
  const gate = await newGate();
  const log = join(folder(), "log");
  const { url } = await started();
  const client = await new Client(url).opened();
  client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "a", log] });
  await gate.arrived(1);
  client.send({ type: "cancel", id: 1 });
  client.send({ type: "cancel", id: "another" });
  expect(await client.next()).toMatchObject({ type: "error", id: 1, error: { code: "ERR_CANCELLED" } });
  expect(readFileSync(log, "utf8")).toBe("a aborted\n");
  // The id is free again.
  client.send({ type: "call", id: 1, function: "add", args: [1, 2] });
  expect(await client.next()).toEqual({ type: "result", id: 1, value: 3 });
});

test("a call that is cancelled in the same breath never starts", async () => {
  const gate = await newGate();
  const { url, executor } = await started({ executor: keep(new ThreadPoolExecutor({ maxWorkers: 1 })) });
  const client = await new Client(url).opened();
  client.send({ type: "call", id: 0, function: "gated", args: [gate.path, "first"] });
  await gate.arrived(1);
  client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "second"] });
  client.send({ type: "cancel", id: 1 });
  expect(await client.next()).toMatchObject({ type: "error", id: 1, error: { code: "ERR_CANCELLED" } });
  gate.open();
  expect(await client.next()).toMatchObject({ type: "result", id: 0 });
  expect(gate.arrivals).toEqual(["first"]);
  expect(executor.stats().completed).toBe(1);
});

test("a socket that closes stops all its calls, and those of others go on", async () => {
  const gate = await newGate();
  const log = join(folder(), "log");
  const { url, executor } = await started({ executor: keep(new ThreadPoolExecutor({ maxWorkers: 3 })) });
  const [leaving, staying] = [await new Client(url).opened(), await new Client(url).opened()];
  leaving.send({ type: "call", id: 1, function: "gated", args: [gate.path, "a", log] });
  leaving.send({ type: "call", id: 2, function: "gated", args: [gate.path, "b", log] });
  staying.send({ type: "call", id: 1, function: "gated", args: [gate.path, "c", log] });
  await gate.arrived(3);
  leaving.socket.terminate();
  await made(log);
  await until(() => executor.stats().cancelled === 2, "both calls should be cancelled");
  gate.open();
  expect(await staying.next()).toEqual({ type: "result", id: 1, value: "c" });
  expect(readFileSync(log, "utf8").split("\n").sort()).toEqual(["", "a aborted", "b aborted"]);
  expect((await call(url, "add", [1, 2])).body).toBe(3);
});

test.each<[string, unknown, string | number | null, string]>([
  ["is no JSON", "nope", null, "ERR_BAD_REQUEST"],
  ["is no object", [1], null, "ERR_BAD_REQUEST"],
  ["has no id", { type: "call", function: "add" }, null, "ERR_BAD_REQUEST"],
  ["has an id of another kind", { type: "call", id: {}, function: "add" }, null, "ERR_BAD_REQUEST"],
  ["has an endless id", { type: "call", id: "x".repeat(201), function: "add" }, null, "ERR_BAD_REQUEST"],
  ["is of no known type", { type: "shout", id: 1 }, 1, "ERR_BAD_REQUEST"],
  ["names no function", { type: "call", id: 1 }, 1, "ERR_BAD_REQUEST"],
  ["names one that is not there", { type: "call", id: 1, function: "toString", args: [] }, 1, "ERR_NO_FUNCTION"],
  ["has arguments that are no array", { type: "call", id: 1, function: "add", args: 7 }, 1, "ERR_INVALID_ARGUMENTS"],
  ["has wrong arguments", { type: "call", id: "x", function: "add", args: ["1", 2] }, "x", "ERR_INVALID_ARGUMENTS"],
])("a message that %s is answered with an error, and the socket stays open", async (_name, message, id, code) => {
  const { url } = await started();
  const client = await new Client(url).opened();
  client.send(message);
  expect(await client.next()).toMatchObject({ type: "error", id, error: { code } });
  client.send({ type: "call", id: 9, function: "add", args: [1, 2] });
  expect(await client.next()).toEqual({ type: "result", id: 9, value: 3 });
});

test("an id that is in use is refused, and the first call goes on; so is a binary message", async () => {
  const gate = await newGate();
  const { url } = await started();
  const client = await new Client(url).opened();
  client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "a"] });
  await gate.arrived(1);
  client.send({ type: "call", id: 1, function: "add", args: [1, 2] });
  expect(await client.next()).toMatchObject({ type: "error", id: 1, error: { code: "ERR_BAD_REQUEST" } });
  client.socket.send(Buffer.from("{}"), { binary: true });
  expect(await client.next()).toMatchObject({ type: "error", id: null });
  gate.open();
  expect(await client.next()).toEqual({ type: "result", id: 1, value: "a" });
});

test("a client that does not read is not read from; when it reads again, every call is answered", async () => {
  const { url, executor } = await started({ maxPerClient: 1000, maxQueue: 1000 });
  const client = await new Client(url).opened();
  client.socket.pause();
  // 100 MB of answers, more than any socket's buffers take.
  for (let id = 0; id < 500; id += 1) client.send({ type: "call", id, function: "text", args: [200_000] });
  await until(() => executor.stats().completed > 0, "the first should be computed");
  client.socket.resume();
  const ids = new Set<unknown>();
  for (let n = 0; n < 500; n += 1) ids.add((await client.next()).id);
  expect(ids.size).toBe(500);
});
