/** Measures one row of the comparison: all inputs in one place.
 *
 *  Guarantees: only the calls are in `total`; making results comparable, start-up and end are not. */
import type { CompareRequest } from "./compare-command.js";
import { READY } from "./compare-warm.js";
import type { Place } from "./executors.js";
import { makeExecutor } from "./executors.js";
import { oneLine } from "./exit-code.js";
import type { CallShape } from "./input-plan.js";
import { toJson } from "./json-form.js";
import type { Target } from "./target.js";

export const ROWS = ["one after another", "event loop", "threads", "processes"] as const;
export type RowName = (typeof ROWS)[number];

const PLACE_OF: Readonly<Record<Exclude<RowName, "one after another">, Place>> = {
  "event loop": "event-loop",
  threads: "threads",
  processes: "processes",
};

/** How a call ended, in a text that can be compared. */
export interface ComparedOutcome {
  readonly status: "ok" | "failed";
  readonly text: string;
}

export interface Measured {
  /** ms for all calls. */
  readonly total: number;
  /** ms until every worker was ready; `undefined` where there is nothing to start. */
  readonly startup: number | undefined;
  readonly outcomes: readonly ComparedOutcome[];
}

export interface Work {
  readonly target: Target;
  readonly inputs: readonly unknown[];
  readonly shape: CallShape;
  /** Called after each call. */
  onEnd(): void;
}

type Settled =
  | { readonly status: "fulfilled"; readonly value: unknown }
  | { readonly status: "rejected"; readonly reason: unknown };

/** A plain loop that awaits each call: what a program does without this library. */
export async function measureOneByOne({ target, inputs, shape, onEnd }: Work): Promise<Measured> {
  const settled: Settled[] = [];
  const begin = performance.now();
  for (const input of inputs) {
    try {
      const value: unknown = await (shape === "spread" ? target.call(...(input as unknown[])) : target.call(input));
      settled.push({ status: "fulfilled", value });
    } catch (reason) {
      settled.push({ status: "rejected", reason });
    }
    onEnd();
  }
  const total = performance.now() - begin;
  return { total, startup: undefined, outcomes: settled.map(comparable) };
}

/** The same inputs on an executor of its own. */
export async function measurePlace(
  row: Exclude<RowName, "one after another">,
  { target, inputs, shape, onEnd }: Work,
  { workers, concurrency, chunk }: CompareRequest,
): Promise<Measured> {
  const on = PLACE_OF[row];
  const boot = performance.now();
  const own = on === "event-loop" ? ({ loop: "own" } as const) : { workers, warm: target.ref.url };
  await using executor = makeExecutor({ on, concurrency, ...own });
  await executor.submit(READY);
  // The first worker answers before the others are up; their start is start-up too.
  while (executor.stats().booting > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const begin = performance.now();
  const settled = new Array<Settled>(inputs.length);
  const options = { ordered: false, chunkSize: chunk };
  const results =
    shape === "spread"
      ? executor.starmap(target.ref, inputs as readonly unknown[][], options)
      : executor.map(target.ref, inputs, options);
  for await (const entry of results.settled()) {
    settled[entry.index] = entry;
    onEnd();
  }
  const total = performance.now() - begin;
  return { total, startup: begin - boot, outcomes: settled.map(comparable) };
}

function comparable(settled: Settled): ComparedOutcome {
  if (settled.status === "rejected") return { status: "failed", text: oneLine(settled.reason) };
  try {
    return { status: "ok", text: toJson(settled.value) };
  } catch (error) {
    return { status: "failed", text: oneLine(error) };
  }
}
