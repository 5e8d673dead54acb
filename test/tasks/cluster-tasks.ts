/** Tasks for agents that are processes of their own: they say that they run, and wait to be let go. */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Makes `started`, waits for `release`, and notes that it ran in `log`. */
export async function waitFor(started: string, release: string, log: string): Promise<string> {
  writeFileSync(started, "");
  while (!existsSync(release)) await delay(5);
  appendFileSync(log, "ran\n");
  return "released";
}

/** Notes in `log` that item `n` ran. */
export function note(log: string, n: number): number {
  appendFileSync(log, `${n}\n`);
  return n;
}

/** The same, after some time in which its agent may be harmed. */
export async function noteLater(log: string, n: number, ms: number): Promise<number> {
  await delay(ms);
  return note(log, n);
}
