/** Tasks that take their worker with them. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

export function exitWith(code: number): never {
  process.exit(code);
}

export async function exitLater(code: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  process.exit(code);
}

/** Notes that it ran, then ends its worker. */
export function recordAndExit(log: string, line: string): never {
  appendFileSync(log, `${line}\n`);
  process.exit(3);
}

/** Ends its worker the first time only. */
export function exitTheFirstTime(log: string): number {
  appendFileSync(log, "run\n");
  const runs = readFileSync(log, "utf8").trim().split("\n").length;
  if (runs === 1) process.exit(3);
  return runs;
}

export function killOneself(signal: NodeJS.Signals): Promise<never> {
  process.kill(process.pid, signal);
  return new Promise(() => {});
}

/** Takes a large argument, and ends before anybody can be done with it. */
export function exitHolding(_payload: unknown): never {
  process.exit(99);
}

export function allocateForEver(): never {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(100_000).fill(kept.length + 0.5));
}

export function spinForEver(started?: string): never {
  if (started !== undefined) writeFileSync(started, "");
  for (;;) spin();
}

/** Something for a busy loop to do. */
function spin(): void {
  Math.sqrt(performance.now());
}

/** Fails where nobody can catch it, while it is still at work. */
export function throwFromTimer(): Promise<never> {
  setTimeout(() => {
    throw Object.assign(new RangeError("thrown from a timer"), { code: "E_TIMER" });
  }, 1);
  return new Promise(() => {});
}

/** Leaves a rejection behind that nobody handles, while it is still at work. */
export function rejectUnhandled(): Promise<never> {
  void Promise.reject(new RangeError("rejected and dropped"));
  return new Promise(() => {});
}

/** Returns in good order; its worker fails as soon as the file `when` exists. */
export function failAfterReturn(when: string): string {
  const timer = setInterval(() => {
    if (!existsSync(when)) return;
    clearInterval(timer);
    throw new Error("thrown after the call");
  }, 1);
  return "returned";
}
