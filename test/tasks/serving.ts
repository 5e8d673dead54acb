/** Functions that the tests of the server serve. */
import { appendFileSync } from "node:fs";
import { context } from "manyhands";
import { z } from "zod";
import { passGate } from "./gate.js";

export const add = (a: number, b: number): number => a + b;

export const echo = (value: unknown): unknown => value;

/** As `echo`, after some 2 ms of computing. */
export function workedEcho(value: unknown): unknown {
  const end = performance.now() + 2;
  while (performance.now() < end) Math.sqrt(end);
  return value;
}

export function nothing(): void {
  echo(undefined);
}

export function fail(message: string): never {
  throw Object.assign(new RangeError(message), { code: "E_MINE" });
}

export const giveFunction = (): unknown => ({ list: [Symbol.iterator.toString, 1] });

export const pid = (): number => process.pid;

/** Ends its worker. */
export function exit(code: number): never {
  process.exit(code);
}

/** Waits at the gate at `path`; when its signal aborts meanwhile, it says so in `log`. */
export async function gated(path: string, label: string, log?: string): Promise<string> {
  const { signal } = context();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      if (log !== undefined) appendFileSync(log, `${label} aborted\n`);
      reject(signal.reason);
    });
  });
  return Promise.race([passGate(path, label), aborted]);
}

/** Reports `steps` numbers; waits at the gate before each behind the first, if there is one. */
export async function counting(steps: number, path?: string): Promise<string> {
  const task = context();
  for (let step = 1; step <= steps; step += 1) {
    if (step > 1 && path !== undefined) await passGate(path, `step ${step}`);
    task.report({ step });
  }
  return `${steps} steps`;
}

/** Never ends by itself, and never looks. */
export function spin(started?: string): never {
  if (started !== undefined) appendFileSync(started, "started\n");
  for (;;) Math.sqrt(performance.now());
}

/** Texts of some length. */
export const text = (length: number): string => "x".repeat(length);

export const greet = (person: { readonly name: string; readonly times?: number }, loud = false): string => {
  const greeting = `Hello ${person.name}`.repeat(person.times ?? 1);
  return loud ? greeting.toUpperCase() : greeting;
};

export const triple = (n: bigint): bigint => n * 3n;

/** No function of these. */
export class Thing {}
export const constant = 7;

export const schemas = {
  greet: {
    args: [
      z.object({ name: z.string().min(1), times: z.number().int().min(1).max(3).default(2) }),
      z.boolean().optional(),
    ],
    result: z.string(),
  },
  triple: { args: z.tuple([z.bigint()]) },
  add: { args: z.tuple([z.number(), z.number()]), result: z.number() },
};
