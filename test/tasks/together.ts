/** Tasks for items of a map that travel together. */
import { appendFileSync } from "node:fs";
import { context } from "manyhands";

/** The square, mostly; now and then an error, something that does not fit a slot, or something to wait for. */
export function mixed(n: number): unknown {
  if (n % 97 === 5) throw new RangeError(`no ${n}`);
  if (n % 101 === 7) return { n };
  if (n % 103 === 9) return Promise.resolve(String(n));
  if (n % 107 === 11) return undefined;
  return n * n;
}

/** Fails on its first attempt when the number is odd. */
export function secondTime(n: number): number {
  const { attempt } = context();
  if (n % 2 === 1 && attempt === 1) throw new Error(`${n} again`);
  return attempt;
}

/** Notes its run and returns the number. */
export function noted(file: string, n: number): number {
  appendFileSync(file, `${n}\n`);
  return n;
}

/** The sum of its arguments. */
export function total(...numbers: number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}
