/** examples/websocket-progress.ts: progress while the job runs, its result at the end, and a job that is stopped. */
import { once } from "node:events";
import type { ToClient } from "@manyhands/server";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { cancel, follow, type Report } from "../examples/built/websocket-progress.js";
import { later } from "./keeping.js";
import { runExample } from "./run-example.js";
import { started } from "./server-support.js";

const MODULE = new URL("../examples/built/websocket-progress.js", import.meta.url);

async function opened(): Promise<WebSocket> {
  const { url } = await started({ modules: [MODULE] });
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  later(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

test("each report comes in order, and the result behind them", async () => {
  const socket = await opened();
  const messages: ToClient[] = [];
  for await (const message of follow(socket, "a", "countPrimes", [100_000])) messages.push(message);
  expect(messages.pop()).toEqual({ type: "result", id: "a", value: 9592 });
  const shares = messages.map((message) => (message.type === "progress" ? (message.value as Report).done : Number.NaN));
  expect(shares).toHaveLength(99);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
});

test("a job that is cancelled in the middle ends there, beside one that goes on", async () => {
  const socket = await opened();
  const whole = collect(follow(socket, "whole", "countPrimes", [100_000]));
  let last: ToClient | undefined;
  for await (const message of follow(socket, "half", "countPrimes", [1e8])) {
    if (message.type === "progress" && last === undefined) cancel(socket, "half");
    last = message;
  }
  expect(last).toMatchObject({ type: "error", id: "half", error: { code: "ERR_CANCELLED" } });
  expect((await whole).at(-1)).toEqual({ type: "result", id: "whole", value: 9592 });
});

async function collect(messages: AsyncIterable<ToClient>): Promise<ToClient[]> {
  const all: ToClient[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

test("the program shows the bar, the result, and the job that was stopped", async () => {
  const { code, lines } = await runExample("websocket-progress", "300000");
  expect(code).toBe(0);
  const middle = lines.indexOf("result: 25997");
  expect(middle).toBe(99);
  expect(lines.slice(0, middle).every((line) => /^#*\.* \d+ %$/.test(line))).toBe(true);
  expect(lines.at(-1)).toBe("ended: The call was cancelled");
});
