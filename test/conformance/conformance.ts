/** One suite for every executor: laws stated against the `Executor` contract, run for each implementation, shown as one table.
 *
 *  A law that cannot apply to an executor says what it needs; its place in the table then shows "n/a" and the reason below. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Executor, ExecutorKind, PoolOptions } from "manyhands";
import { afterAll, describe, test } from "vitest";
import { Gate, within } from "./support.js";

/** What an executor is made of, where that decides which laws can apply. */
export interface Traits {
  readonly kind: ExecutorKind;
  /** Its functions run in workers: those can block, be stopped, be lost and be replaced without the caller. */
  readonly workers: boolean;
  /** Arguments and results are copied on the way. */
  readonly copies: boolean;
  /** They are not: functions and objects are used as they are. */
  readonly inPlace: boolean;
  /** Each worker is a process of its own. */
  readonly ownProcess: boolean;
  /** Workers and caller can share and exchange memory. */
  readonly sharesMemory: boolean;
  /** Its workers belong to the program: they end with it, print where it prints, and their states are read at once. */
  readonly local: boolean;
}

export type Need = Exclude<keyof Traits, "kind">;

/** Why a law does not apply to an executor without the trait. */
const LACKS: Readonly<Record<Need, string>> = {
  workers: "the function runs in the caller's own thread: it cannot block, die or be replaced without the caller",
  copies: "nothing is copied: functions and objects arrive as they are",
  inPlace: "functions and values are copied to a worker, which cannot reach the caller's own",
  ownProcess: "the worker shares the caller's process",
  sharesMemory: "another process cannot be given this process's memory",
  local: "its workers belong to agents, elsewhere",
};

/** Makes an executor. @param defer is given what is to be done when the law has been tried. */
export type Make = (options: PoolOptions, defer?: (after: () => unknown) => void) => Executor;

/** What a law works with. Everything made here is gone when the law has been tried. */
export interface Bench {
  readonly traits: Traits;
  /** A new executor with two workers, or as the options say. */
  make(options?: PoolOptions): Executor;
  gate(): Promise<Gate>;
  /** A path in the law's own folder. */
  file(name: string): string;
  /** Runs `after` when the law has been tried. */
  defer(after: () => unknown): void;
}

export interface Law {
  readonly name: string;
  readonly needs?: readonly Need[];
  /** Throws unless the law holds. */
  readonly hold: (bench: Bench) => Promise<void>;
}

/** States a law. */
export function law(name: string, hold: Law["hold"]): Law;
export function law(name: string, needs: readonly Need[], hold: Law["hold"]): Law;
export function law(name: string, needsOrHold: readonly Need[] | Law["hold"], hold?: Law["hold"]): Law {
  if (typeof needsOrHold === "function") return { name, hold: needsOrHold };
  if (hold === undefined) throw new TypeError(`law ${name} has no body`);
  return { name, needs: needsOrHold, hold };
}

type Mark = "✓" | "✗" | "n/a";
type Table = Map<string, Map<string, Mark>>;

const tables = new Map<string, { readonly table: Table; readonly reasons: Set<string> }>();

/** Registers one test per law for one executor, and its column of the table called `title`. */
export function conformance(title: string, name: string, make: Make, traits: Traits, laws: readonly Law[]): void {
  const { table, reasons } = tables.get(title) ?? startTable(title);
  describe(name, () => {
    for (const { name: lawName, needs = [], hold } of laws) {
      const row = table.get(lawName) ?? new Map<string, Mark>();
      table.set(lawName, row);
      const lacking = needs.find((need) => !traits[need]);
      if (lacking !== undefined) {
        row.set(name, "n/a");
        reasons.add(`${name}: ${LACKS[lacking]}`);
        test.skip(`${lawName} (n/a: ${LACKS[lacking]})`);
        continue;
      }
      test(lawName, { timeout: 60_000 }, async () => {
        // Until it holds it does not: a law that is cut off must not look kept.
        row.set(name, "✗");
        await tryLaw(hold, make, traits);
        row.set(name, "✓");
      });
    }
  });
}

/** Gives a law its bench, and clears the bench afterwards whatever happened. */
async function tryLaw(hold: Law["hold"], make: Make, traits: Traits): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
  const deferred: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  let gates = 0;
  const bench: Bench = {
    traits,
    make(options = {}) {
      const executor = make({ maxWorkers: 2, ...options }, (after) => void deferred.push(after));
      deferred.push(() => within(executor.terminate(), "terminate() after the law"));
      return executor;
    },
    async gate() {
      gates += 1;
      const gate = await Gate.at(join(folder, `gate-${gates}`));
      deferred.push(() => gate.close());
      return gate;
    },
    file: (name) => join(folder, name),
    defer: (after) => void deferred.push(after),
  };
  try {
    await hold(bench);
  } finally {
    for (const clear of deferred.reverse()) await clear();
  }
}

function startTable(title: string): { readonly table: Table; readonly reasons: Set<string> } {
  const entry = { table: new Map<string, Map<string, Mark>>(), reasons: new Set<string>() };
  tables.set(title, entry);
  afterAll(() => console.log(draw(title, entry.table, entry.reasons)));
  return entry;
}

/** The table as text: a row a law, a column an executor. */
function draw(title: string, table: Table, reasons: ReadonlySet<string>): string {
  const names = [...new Set([...table.values()].flatMap((row) => [...row.keys()]))];
  const width = Math.max(title.length, ...[...table.keys()].map((name) => name.length));
  const line = (first: string, cells: readonly string[]): string =>
    [first.padEnd(width), ...cells.map((cell, i) => cell.padEnd((names[i] ?? "").length))].join("  ").trimEnd();
  const rows = [...table].map(([name, row]) =>
    line(
      name,
      names.map((executor) => row.get(executor) ?? "–"),
    ),
  );
  const marks = [...table.values()].flatMap((row) => [...row.values()]);
  const count = (mark: Mark): number => marks.filter((other) => other === mark).length;
  return [
    "",
    line(title, names),
    line(
      "─".repeat(width),
      names.map((name) => "─".repeat(name.length)),
    ),
    ...rows,
    "",
    `${count("✓")} ✓  ${count("✗")} ✗  ${count("n/a")} n/a`,
    ...[...reasons].map((reason) => `n/a on ${reason}`),
  ].join("\n");
}
