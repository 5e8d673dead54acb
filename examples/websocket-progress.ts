/** A WebSocket client that gives `manyhands serve` a long job, and sees how far it is while it runs.
 *
 *      node examples/built/websocket-progress.js [LIMIT]
 *
 *  It starts `manyhands serve` on this very module, counts the primes below LIMIT there, draws the reports, and stops a second
 *  job in the middle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FromClient, ToClient } from "@manyhands/server";
import { context, isMain } from "manyhands";
import WebSocket from "ws";

/** Primes below `limit`, counted; reports the share that is done, a hundred times in all. */
export function countPrimes(limit: number): number {
  const task = context();
  const step = Math.max(Math.ceil(limit / 100), 1);
  let found = 0;
  for (let n = 2; n < limit; n += 1) {
    if (isPrime(n)) found += 1;
    if (n % step !== 0) continue;
    task.throwIfCancelled();
    task.report({ done: n / limit, found });
  }
  return found;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}

/** One job's report. */
export interface Report {
  readonly done: number;
  readonly found: number;
}

/** Gives the job `id` to the server, and yields what it tells, its outcome last. */
export async function* follow(
  socket: WebSocket,
  id: string,
  name: string,
  args: readonly unknown[],
): AsyncGenerator<ToClient> {
  const call: FromClient = { type: "call", id, function: name, args };
  // Listening begins before asking, so that no message is missed.
  const messages = received(socket);
  socket.send(JSON.stringify(call));
  for await (const message of messages) {
    if (message.id !== id) continue;
    yield message;
    if (message.type !== "progress") return;
  }
}

async function* received(socket: WebSocket): AsyncGenerator<ToClient> {
  const waiting: ToClient[] = [];
  let wake: (() => void) | undefined;
  const listen = (data: WebSocket.RawData): void => {
    waiting.push(JSON.parse(String(data)) as ToClient);
    wake?.();
  };
  socket.on("message", listen);
  try {
    for (;;) {
      const message = waiting.shift();
      if (message !== undefined) yield message;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    socket.off("message", listen);
  }
}

/** Asks the server to stop the job `id`. */
export function cancel(socket: WebSocket, id: string): void {
  socket.send(JSON.stringify({ type: "cancel", id } satisfies FromClient));
}

const bar = (done: number): string =>
  `${"#".repeat(Math.round(done * 40)).padEnd(40, ".")} ${Math.round(done * 100)} %`;

async function main(): Promise<void> {
  const [limit = "3000000"] = process.argv.slice(2);
  const command = fileURLToPath(import.meta.resolve("manyhands/package.json")).replace(
    /package\.json$/,
    "dist/cli/main.js",
  );
  const args = [command, "serve", fileURLToPath(import.meta.url), "--workers", "1"];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(createInterface(server.stdout), "line")) as [string];
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  await once(socket, "open");
  for await (const message of follow(socket, "whole", "countPrimes", [Number(limit)])) tell(message);
  console.log("and one that is not waited for:");
  for await (const message of follow(socket, "half", "countPrimes", [Number(limit)])) {
    if (message.type === "progress" && (message.value as Report).done >= 0.5) cancel(socket, "half");
    tell(message);
  }
  socket.close();
  server.kill("SIGTERM");
  await once(server, "close");
}

function tell(message: ToClient): void {
  switch (message.type) {
    case "progress":
      return console.log(bar((message.value as Report).done));
    case "result":
      return console.log(`result: ${message.value}`);
    case "error":
      return console.log(`ended: ${message.error.title}`);
  }
}

if (isMain(import.meta)) await main();
