/** Tasks that are given tallies, or give them. Does not load their module: that is what arrives with them. */
import { context } from "manyhands";
import type { Tally } from "./tally.js";

export async function addTo(tally: Tally, by: number): Promise<number> {
  return tally.add(by);
}

export async function addToAll(given: { readonly deep: Map<string, readonly Tally[]> }, by: number): Promise<string> {
  for (const tallies of given.deep.values()) for (const tally of tallies) await tally.add(by);
  return [...given.deep.keys()].join();
}

export function areSame(one: Tally, others: readonly Tally[]): boolean {
  return others.every((other) => other === one);
}

export function giveBack<T>(value: T): T {
  return value;
}

export function wrap(tally: Tally): { readonly list: readonly Tally[]; readonly set: Set<unknown> } {
  return { list: [tally, tally], set: new Set([1, tally, "two"]) };
}

export async function reportIt(tally: Tally): Promise<string> {
  context().report({ tally });
  context().report("plain");
  return tally.where;
}

let kept: Tally | undefined;

export function keepIt(tally: Tally): void {
  kept = tally;
}

export async function addToKept(by: number): Promise<number> {
  if (kept === undefined) throw new TypeError("nothing was kept");
  return kept.add(by);
}
