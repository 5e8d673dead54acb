/** The timeline that `traceTo` and `manyhands map --trace` write. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EventLoopExecutor } from "manyhands";
import { traceTo } from "manyhands/observe";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { seenLater } from "#tasks/observing.js";
import { FUNCTIONS, manyhands, testDirectory } from "./cli-command.js";
import { CANDIDATES } from "./conformance/executors.js";
import { outputOf, program, within } from "./conformance/support.js";
import { folder, keep, newGate } from "./keeping.js";
import { allSortsOf } from "./observing.js";

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

function eventsOf(file: string): readonly TraceEvent[] {
  return JSON.parse(readFileSync(file, "utf8")) as readonly TraceEvent[];
}

function slices(events: readonly TraceEvent[]): (TraceEvent & { readonly ts: number; readonly dur: number })[] {
  return events.flatMap((event) => {
    if (event.ph !== "X") return [];
    assert(event.ts !== undefined && event.dur !== undefined);
    return [{ ...event, ts: event.ts, dur: event.dur }];
  });
}

/** Pairs of slices of one row that overlap, or nothing. */
function overlaps(events: readonly TraceEvent[]): readonly unknown[] {
  const rows = new Map<string, { ts: number; dur: number; name: string }[]>();
  for (const { pid, tid, ts, dur, name } of slices(events)) {
    rows.set(`${pid}/${tid}`, [...(rows.get(`${pid}/${tid}`) ?? []), { ts, dur, name }]);
  }
  return [...rows.values()].flatMap((row) => {
    const sorted = row.sort((a, b) => a.ts - b.ts);
    // A thousandth of a µs is what is written.
    return sorted.flatMap((slice, at) => {
      const next = sorted[at + 1];
      return next !== undefined && slice.ts + slice.dur > next.ts + 0.002 ? [[slice, next]] : [];
    });
  });
}

describe.each(Object.entries(CANDIDATES))("%s", (kind, { make }) => {
  test("the file is complete JSON with a slice for each run, and no two of a row overlap", async () => {
    const file = join(folder(), "trace.json");
    const pool = keep(make({ maxWorkers: 2 }));
    await using trace = traceTo(file);
    await allSortsOf(pool, await newGate());
    const { run } = pool.stats();
    await trace.end();
    const events = eventsOf(file);
    const runs = slices(events).filter(({ pid }) => pid !== 0);
    // What never started is among the runs of stats() with a time of 0, and has no slice.
    expect(runs.length).toBeLessThanOrEqual(run.count);
    expect(runs.length).toBeGreaterThan(500);
    expect(overlaps(events)).toEqual([]);
  });

  test("arrows lead from each submit that ran to its first run, and waits are pairs", async () => {
    const file = join(folder(), "trace.json");
    const pool = keep(make({ maxWorkers: 2 }));
    {
      await using _trace = traceTo(file);
      await allSortsOf(pool, await newGate());
    }
    const events = eventsOf(file);
    const at = (ph: string): Map<unknown, TraceEvent> =>
      new Map(events.filter((event) => event.ph === ph).map((event) => [event.id, event]));
    const [starts, finishes] = [at("s"), at("f")];
    expect([...starts.keys()].sort()).toEqual([...finishes.keys()].sort());
    const [submits, runs] = [
      slices(events).filter(({ pid }) => pid === 0),
      slices(events).filter(({ pid }) => pid !== 0),
    ];
    const submitOf = new Map(submits.map((slice) => [slice.args?.["call"], slice]));
    const runOf = new Map(
      runs.filter(({ args }) => args?.["attempt"] === 1).map((slice) => [slice.args?.["call"], slice]),
    );
    for (const [id, { ts, pid, tid }] of starts) expect(submitOf.get(id)).toMatchObject({ ts, pid, tid });
    for (const [id, { ts, pid, tid }] of finishes) expect(runOf.get(id)).toMatchObject({ ts, pid, tid });
    expect(starts.size).toBe(runOf.size);
    const begun = events.filter(({ ph }) => ph === "b");
    const over = events.filter(({ ph }) => ph === "e");
    expect(over.map(({ id }) => id)).toEqual(begun.map(({ id }) => id));
    for (const [index, { ts }] of begun.entries()) expect(over[index]?.ts).toBeGreaterThanOrEqual(ts ?? 0);
  });

  test("rows and executors have names, and counters begin and end at nothing", async () => {
    const file = join(folder(), "trace.json");
    const pool = keep(make({ maxWorkers: 2 }));
    await using trace = traceTo(file);
    await within(pool.map(square, [1, 2, 3]), "the map");
    await trace.end();
    await trace.end();
    const events = eventsOf(file);
    const named = new Set(events.filter(({ name }) => name === "thread_name").map(({ pid, tid }) => `${pid}/${tid}`));
    for (const { pid, tid } of slices(events)) expect(named).toContain(`${pid}/${tid}`);
    const { name } = pool.stats();
    expect(events).toContainEqual(
      expect.objectContaining({ name: "process_name", args: { name: `${name} (${kind})` } }),
    );
    const counters = events.filter(({ ph, name: counter }) => ph === "C" && counter === "calls");
    expect(counters.at(-1)?.args).toEqual({ waiting: 0, "at workers": 0 });
  });
});

test("a worker that runs several calls at once has a row for each", async () => {
  const file = join(folder(), "trace.json");
  const pool = keep(new EventLoopExecutor({ maxConcurrency: 4 }));
  await using trace = traceTo(file);
  await within(Promise.all(Array.from({ length: 40 }, () => pool.submit(seenLater))), "the calls");
  await trace.end();
  const events = eventsOf(file);
  expect(slices(events).filter(({ pid }) => pid !== 0).length).toBe(40);
  expect(overlaps(events)).toEqual([]);
});

test("a file that cannot be opened is refused at once", () => {
  expect(() => traceTo(join(folder(), "no", "such", "folder"))).toThrow(/ENOENT/);
});

test("a program that exits amid its calls leaves a complete file", async () => {
  const file = join(folder(), "trace.json");
  await outputOf(program("traced", file, "exit"));
  expect(slices(eventsOf(file)).length).toBeGreaterThan(0);
});

test("a program that is killed leaves a list that is complete but for its end", async () => {
  const file = join(folder(), "trace.json");
  await outputOf(program("traced", file, "kill")).catch(() => undefined);
  const text = readFileSync(file, "utf8");
  expect(text.startsWith("[\n")).toBe(true);
  const events = JSON.parse(`${text.replace(/,\s*$/, "")}]`) as readonly TraceEvent[];
  expect(slices(events).length).toBeGreaterThan(100);
});

test.each(["event-loop", "threads", "processes"])(
  "manyhands map --trace writes a trace of the run on %s",
  async (place) => {
    const cwd = testDirectory();
    const args = ["map", `${FUNCTIONS}#square`, "1", "2", "3", "--on", place, "--trace", "run.json"];
    expect(await manyhands(args, { cwd })).toMatchObject({ code: 0, lines: ["1", "4", "9"] });
    const events = eventsOf(join(cwd, "run.json"));
    expect(slices(events).filter(({ name }) => name.endsWith("square") && !name.startsWith("submit")).length).toBe(3);
  },
);

test("manyhands map --trace says when the file cannot be written, and runs nothing", async () => {
  const args = ["map", `${FUNCTIONS}#square`, "1", "--trace", "no/such/run.json"];
  const end = await manyhands(args, { cwd: testDirectory() });
  expect(end).toMatchObject({ code: 2, stdout: "" });
  expect(end.stderr).toMatch(/no\/such\/run\.json/);
});
