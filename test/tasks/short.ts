/** Short tasks that note each of their runs, so that a test can tell how often each ran. */
import { closeSync, existsSync, openSync, writeSync } from "node:fs";

let log = -1;
let written = "";

/** Appends one line with one system call, so that lines of several processes do not mix. */
function note(file: string, text: string | number): void {
  if (file !== written) {
    if (log !== -1) closeSync(log);
    log = openSync(file, "a");
    written = file;
  }
  writeSync(log, `${text}\n`);
}

/** Returns the number. */
export function short(file: string, n: number): number {
  note(file, n);
  return n;
}

/** Returns the number, or ends its worker when that is `victim`. */
export function shortOrKilled(file: string, n: number, victim: number, how: "SIGKILL" | "exit"): number {
  note(file, n);
  if (n === victim && how === "exit") process.exit(7);
  if (n === victim) process.kill(process.pid, "SIGKILL");
  return n;
}

/** Returns the number as text (which travels as a message), or ends its worker when that is `victim`. */
export function textOrKilled(file: string, n: number, victim: number): string {
  note(file, n);
  if (n === victim) process.kill(process.pid, "SIGKILL");
  return String(n);
}

/** Returns the number; when that is `victim`, only once the file `open` exists, and does nothing else meanwhile. */
export function shortOrStuck(file: string, n: number, victim: number, open: string): number {
  note(file, n);
  while (n === victim && !existsSync(open));
  return n;
}

/** The same, waiting in turns of the event loop. */
export async function shortOrWaiting(file: string, n: number, victim: number, open: string): Promise<number> {
  note(file, n);
  while (n === victim && !existsSync(open)) await new Promise((resolve) => setImmediate(resolve));
  return n;
}
