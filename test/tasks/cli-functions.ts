/** Functions that the tests of the command run. */
import { existsSync, writeFileSync } from "node:fs";
import { passGate } from "./gate.js";

export const square = (n: number): number => n * n;

export const add = (a: number, b: number): number => Number(a) + Number(b);

export const echo = (value: unknown): unknown => value;

export function failEven(value: number | string): number {
  if (Number(value) % 2 === 0) throw new RangeError(`${value} is even`);
  return Number(value);
}

/** Waits at the gate of the test when the value is the one that CLI_GATED names, or any when that is `*`. */
export async function gated(value: number | string): Promise<number | string> {
  const { CLI_GATE, CLI_GATED } = process.env;
  const held = CLI_GATED === "*" || CLI_GATED === String(value);
  if (held && CLI_GATE !== undefined) await passGate(CLI_GATE, String(value));
  return value;
}

/** The same, but what waits can only be ended from outside. */
export async function gatedForEver(value: number | string): Promise<number | string> {
  await gated(value);
  for (;;);
}

/** Fails until the file that CLI_MENDED names is there. */
export function failUntilMended(value: number | string): string {
  const mended = process.env["CLI_MENDED"];
  if (Number(value) % 3 === 0 && (mended === undefined || !existsSync(mended))) throw new Error(`${value} is broken`);
  return `${value} is fine`;
}

/** Fails the first time for each value; `directory` remembers. */
export function failOnce(directory: string, value: number): number {
  const file = `${directory}/tried-${value}`;
  if (existsSync(file)) return value;
  writeFileSync(file, "");
  throw new Error(`first attempt for ${value}`);
}

export function printing(value: unknown): unknown {
  console.log("printed by a function");
  return value;
}

export const giving = {
  nothing: undefined,
  big: 2n ** 70n,
  map: new Map([["a", Number.NaN]]),
  pairs: new Map([[1, "x"]]),
  set: new Set([1, 2]),
  date: new Date(0),
  bytes: new Uint8Array([1, 2, 3]),
  floats: new Float64Array([1.5]),
  text: "a\nb",
} as const;

/** A value of the kind that is asked for. */
export const give = (kind: keyof typeof giving): unknown => giving[kind];

export const giveFunction = (): unknown => ({ list: [{ onClick: (): void => undefined }] });

export const where = async (): Promise<string> => {
  const { isMainThread } = await import("node:worker_threads");
  return `${process.pid} ${isMainThread ? "main" : "thread"}`;
};

/** Differs wherever it runs. */
export const pid = (): number => process.pid + (Date.now() % 1) + Math.random();
