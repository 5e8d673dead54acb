/** A Redis of the round's own, with an append-only file as work wants it, and programs that serve from it.
 *
 *  All end with the round: they are killed by its exit. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const children: ChildProcess[] = [];
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Until the child has said what it says when it is ready. */
async function ready(child: ChildProcess, word: RegExp): Promise<void> {
  children.push(child);
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`${child.spawnfile} ended with ${code}`);
  });
  let said = "";
  while (!word.test(said)) {
    if (child.stdout === null) throw new Error("its output is needed");
    const [bytes] = await Promise.race([once(child.stdout, "data"), gone]);
    said += bytes;
  }
  gone.catch(() => undefined);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** @returns its port. */
export async function startRedis(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const settings = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
  ];
  await ready(spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] }), /Ready to accept connections/);
  return port;
}

/** Starts a program that prints a line when it is ready. */
export async function startProgram(args: readonly string[]): Promise<void> {
  await ready(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] }), /\n/);
}
