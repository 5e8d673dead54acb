/** What was told while a test ran, and work that meets with everything that can befall a call. */
import { strict as assert } from "node:assert";
import type { Executor } from "manyhands";
import { subscribe, type TaskEnded, type TaskMessage, type WorkerMessage } from "manyhands/observe";
import { square } from "#tasks/basic.js";
import { exitWith } from "#tasks/exiting.js";
import { passGate } from "#tasks/gate.js";
import { failAtOdd } from "#tasks/observing.js";
import type { Gate } from "./conformance/support.js";
import { outcomeOf, within } from "./conformance/support.js";
import { later } from "./keeping.js";

export interface Heard {
  readonly tasks: TaskMessage[];
  readonly workers: WorkerMessage[];
}

/** Keeps all messages until the test has ended. */
export function hear(): Heard {
  const heard: Heard = { tasks: [], workers: [] };
  const listening = subscribe({
    task: (message) => heard.tasks.push(message),
    worker: (message) => heard.workers.push(message),
  });
  later(() => listening[Symbol.dispose]());
  return heard;
}

export function ofType<T extends TaskMessage["type"]>(
  messages: readonly TaskMessage[],
  type: T,
): Extract<TaskMessage, { readonly type: T }>[] {
  return messages.filter((message): message is Extract<TaskMessage, { readonly type: T }> => message.type === type);
}

export function ended(messages: readonly TaskMessage[], outcome: TaskEnded["outcome"]): number {
  return ofType(messages, "ended").filter((message) => message.outcome === outcome).length;
}

/** Makes the function's shortness known, so that items of maps would travel together. */
export async function prove(pool: Executor): Promise<void> {
  for (let round = 0; round < 200; round += 1) await pool.submit(square, round);
}

/** Calls that succeed, fail, are tried again, are cancelled before they start, cannot travel, are in vain; one that kills its
 *  worker where there are workers. Resolves when all have ended. */
export async function allSortsOf(pool: Executor, gate: Gate): Promise<void> {
  const numbers = Array.from({ length: 300 }, (_, n) => n);
  await prove(pool);
  await within(pool.map(square, numbers), "the map");
  for await (const _outcome of pool.map(failAtOdd, numbers.slice(0, 20)).settled());
  await outcomeOf(pool.with({ retries: { limit: 2, delay: 1 } }).submit(failAtOdd, 1), "a call that is tried again");
  await outcomeOf(pool.with({ retries: 1 }).submit(failAtOdd, 3), "a call that is tried again at once");
  const blocked = [1, 2].map((n) => pool.submit(passGate, gate.path, `${n}`));
  await gate.arrived(2);
  const waiting = [1, 2, 3].map((n) => pool.submit(square, n));
  assert.deepEqual(
    waiting.map((future) => future.cancel()),
    [true, true, true],
  );
  const aborted = pool.with({ signal: AbortSignal.abort() }).submit(square, 1);
  gate.open();
  for (const future of [...blocked, ...waiting, aborted]) await outcomeOf(future, "a call");
  if (pool.stats().kind === "event-loop") return;
  await outcomeOf(pool.submit(square as never, (() => 0) as never), "a call that cannot travel");
  await outcomeOf(pool.submit(exitWith, 3), "a call that ends its worker");
  await within(pool.submit(square, 2), "a call on what is left");
}
