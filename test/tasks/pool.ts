/** Tasks for the pools of `manyhands/multiprocessing`. */
import { context } from "manyhands";
import { passGate } from "./gate.js";

export function failOnTwo(n: number): number {
  if (n === 2) throw new RangeError("two");
  return n;
}

/** As `passGate`, of one argument. */
export function passGateOf({ path, label }: { readonly path: string; readonly label: string }): Promise<string> {
  return passGate(path, label);
}

/** Passes the gate under the id of this process. */
export function passGateWithPid(path: string): Promise<string> {
  return passGate(path, String(process.pid));
}

/** Passes the gate, and then fails with its number. */
export async function passGateAndFailAs({ path, n }: { readonly path: string; readonly n: number }): Promise<never> {
  await passGate(path, String(n));
  throw new Error(String(n));
}

/** Passes the gate, and says in which worker. */
export async function passGateInWorker(order: {
  readonly path: string;
  readonly label: string;
}): Promise<{ readonly label: string; readonly worker: string }> {
  const worker = context().worker.name;
  return { label: await passGate(order.path, order.label), worker };
}

/** Answers each number with yes; the number 666 waits at the gate, under the id of this process. */
export async function answerAtGate(numbers: readonly string[]): Promise<boolean[]> {
  if (numbers.includes("666")) await passGateWithPid(process.env["MANYHANDS_TEST_GATE"] ?? "");
  return numbers.map(() => true);
}
