/** Tasks that tell what their context says. */
import { appendFileSync, readFileSync } from "node:fs";
import { context } from "manyhands";
import { passGate } from "./gate.js";

export function describeContext(): {
  readonly attempt: number;
  readonly cancelled: boolean;
  readonly aborted: boolean;
  readonly deadline: number | undefined;
  readonly now: number;
  readonly worker: { readonly kind: string; readonly id: unknown; readonly name: string };
} {
  const { attempt, cancelled, signal, deadline, worker } = context();
  const { kind, id, name } = worker;
  return { attempt, cancelled, aborted: signal.aborted, deadline, now: Date.now(), worker: { kind, id, name } };
}

export async function reportSteps(steps: number): Promise<string> {
  for (let step = 1; step <= steps; step += 1) {
    context().report({ step, of: steps });
    await Promise.resolve();
  }
  return "done";
}

/** Reports its label on both sides of a wait that others share. */
export async function reportAround(gate: string, label: string): Promise<string> {
  context().report(`${label} before`);
  await passGate(gate, label);
  context().report(`${label} after`);
  return label;
}

/** Notes its attempt and the time; succeeds at attempt number `good` of this log. */
export function succeedAt(good: number, log: string): number {
  appendFileSync(log, `${context().attempt} ${Date.now()}\n`);
  const runs = readFileSync(log, "utf8").trim().split("\n").length;
  if (runs < good) throw Object.assign(new Error(`run ${runs} failed`), { run: runs });
  return runs;
}

/** Uses the context in a function that was called later, out of the task's own stack. */
export async function contextLater(): Promise<boolean> {
  const here = context();
  await new Promise((resolve) => setTimeout(resolve, 1));
  const there = await new Promise((resolve) => setImmediate(() => resolve(context().worker.name)));
  return there === here.worker.name;
}

export function printLine(text: string): void {
  console.log(text);
}
