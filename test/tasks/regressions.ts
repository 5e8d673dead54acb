/** Tasks of regressions.test.ts: what once made an executor do wrong. */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { context, EventLoopExecutor } from "manyhands";
import { passGate } from "./gate.js";

/** Ends its worker once it is let through. */
export async function exitBehindGate(path: string, label: string): Promise<never> {
  await passGate(path, label);
  process.exit(3);
}

/** Gives its number; with a file to wait for, blocks its worker until somebody has made it. */
export function numberBehind(release: string, n: number): number {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  while (release !== "" && !existsSync(release)) Atomics.wait(nap, 0, 0, 1);
  // Long enough that not all of a few hundred are worth handing over together.
  workFor(0.02);
  return n;
}

/** Keeps its worker busy for so long. */
export function workFor(ms: number): number {
  const end = performance.now() + ms;
  while (performance.now() < end) Math.sqrt(end);
  return ms;
}

/** Reports more than fits into a pipe, and gives its number. */
export function reportMuch(reports: number, size: number): string {
  for (let n = 0; n < reports; n += 1) context().report("x".repeat(size));
  return `${reports} reports`;
}

/** Leaves code behind that asks for its context when the task has ended. */
export function askTooLate(n: number): number {
  queueMicrotask(look);
  setImmediate(look);
  return n;
}

function look(): void {
  try {
    context().report(context().signal.aborted);
  } catch {
    // That there is none any more is an answer too: the law is about the results.
  }
}

/** What the tasks of an event loop inside this task say of their place, between what this task says of its own. */
export async function kindsInside(): Promise<readonly string[]> {
  const before = context().worker.kind;
  await using loop = new EventLoopExecutor();
  const inside = await Promise.all([1, 2].map(() => loop.submit(() => context().worker.kind)));
  return [before, ...inside, context().worker.kind];
}

/** Turns until it is asked to stop, and notes how often it then reads that it was not, and whether it can throw. */
export function readCancelledOnAndOn(started: string, log: string): void {
  const task = context();
  writeFileSync(started, "");
  while (!task.cancelled);
  let not = 0;
  for (let n = 0; n < 1000; n += 1) if (!task.cancelled) not += 1;
  let thrown = "nothing";
  try {
    task.throwIfCancelled();
  } catch (error) {
    thrown = (error as Error).name;
  }
  appendFileSync(log, `${not} ${thrown}\n`);
}

let kept: readonly unknown[] = [];

/** An initializer that keeps what it is given. */
export function keepArguments(...args: unknown[]): void {
  kept = args;
}

/** How many arguments there were, the bytes of the first, and the second as it is. */
export function keptArguments(): readonly [count: number, bytes: readonly number[], second: unknown] {
  const [buffer, second] = kept;
  return [kept.length, [...new Uint8Array(buffer as ArrayBuffer)], second];
}

export function failToStart(): never {
  throw new Error("no start");
}

/** An initializer that is done at once, and kills its worker soon after. */
export function dieSoon(): void {
  setTimeout(() => {
    throw new Error("from a timer of the initializer");
  }, 20);
}
