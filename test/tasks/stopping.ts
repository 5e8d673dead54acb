/** Tasks that can be asked to stop, and tasks that do not listen. Each makes the file `started` first. */
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { context } from "manyhands";

/** A busy loop that looks at the flag: no event of its worker can reach it. */
export function loopUntilCancelled(started: string, log: string): never {
  const task = context();
  writeFileSync(started, "");
  for (;;) {
    if (task.cancelled) {
      appendFileSync(log, "saw it\n");
      task.throwIfCancelled();
    }
    Math.sqrt(performance.now());
  }
}

/** A busy loop that took its context and never looks at it. */
export function loopHoldingContext(started: string): never {
  const task = context();
  writeFileSync(started, "");
  for (;;) Math.sqrt(task.attempt);
}

/** Waits for its signal, cleans up, and ends as the signal says. */
export async function waitForSignal(started: string, log: string): Promise<never> {
  const { signal } = context();
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  writeFileSync(started, "");
  await aborted;
  await new Promise((resolve) => setImmediate(resolve));
  appendFileSync(log, "cleaned up\n");
  signal.throwIfAborted();
  throw new Error("unreachable: the signal was not aborted");
}

/** Waits for its signal, and fails while it cleans up. */
export async function failWhileCleaningUp(started: string): Promise<never> {
  const { signal } = context();
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  writeFileSync(started, "");
  await aborted;
  throw new Error("the clean-up failed");
}

/** Waits for ever, and never asks for its context. */
export function waitForEver(started: string): Promise<never> {
  writeFileSync(started, "");
  return new Promise(() => {});
}

/** Waits for ever, having taken its context. */
export function ignoreSignal(started: string): Promise<never> {
  const { signal } = context();
  writeFileSync(started, "");
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(new Error("unreachable: the call has just started"));
  });
}

/** A busy loop whose worker is known by the pid in a file. */
export function busyWithPid(file: string): never {
  // In one piece: whoever sees the file may read it at once.
  writeFileSync(`${file}.new`, String(process.pid));
  renameSync(`${file}.new`, file);
  for (;;) Math.sqrt(performance.now());
}
