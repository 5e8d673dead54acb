/** The figures of bench: medians, ratios, tables, growth and charts say what the rounds gave. */
import { expect, test } from "vitest";
import { flameChart } from "../bench/built/charts/flame-chart.js";
import { growthChart } from "../bench/built/charts/growth-chart.js";
import { resultsChart } from "../bench/built/charts/results-chart.js";
import { floorsOf, pointsOf, rises } from "../bench/built/growth.js";
import type { Figure, Measure, Outcome, Row } from "../bench/built/measure.js";
import { MEASURES } from "../bench/built/measures/all.js";
import { framesOf } from "../bench/built/profiles/profile.js";
import { merged } from "../bench/built/results.js";
import { toRows, toTable } from "../bench/built/rows.js";

const measure = (better: Figure["better"]): Measure => ({
  name: "start",
  title: "",
  figures: [{ name: "first", unit: "ms", better }],
  participants: [],
  quickPeers: [],
});

const rounds = (name: string, ...values: number[]): Outcome => ({
  participant: { name, kind: "threads" },
  figures: values.map((first) => ({ first })),
});

const ROUNDS = [rounds("manyhands", 30, 10, 20), rounds("limit", 8, 10), rounds("slow", 100), rounds("quick", 40)];

test("rows hold median, least and greatest, and only ours the ratios", () => {
  const [limit, ours, ...peers] = toRows(measure("lower"), ROUNDS);
  expect(ours).toEqual({
    measure: "start first, threads",
    kind: "threads",
    subject: "manyhands",
    unit: "ms",
    better: "lower",
    median: 20,
    min: 10,
    max: 30,
    rounds: 3,
    toBestPeer: 2,
    toLimit: 0.45,
  });
  expect(limit).toMatchObject({ subject: "limit", median: 9, toBestPeer: null, toLimit: null });
  expect(peers.map((row) => row.subject)).toEqual(["quick", "slow"]);
});

test("a ratio above 1 means ahead, whichever way the unit counts", () => {
  const ratios = (better: Figure["better"]): unknown =>
    toRows(measure(better), ROUNDS).find((row) => row.subject === "manyhands")?.toBestPeer;
  expect(ratios("lower")).toBe(40 / 20);
  expect(ratios("higher")).toBe(20 / 100);
});

test("a subject without figures has no row, and without peers there is no ratio", () => {
  const rows = toRows(measure("lower"), [rounds("manyhands", 5), rounds("broken")]);
  expect(rows.map((row) => row.subject)).toEqual(["manyhands"]);
  expect(rows[0]).toMatchObject({ toBestPeer: null, toLimit: null });
});

test("the table is Markdown, best first, with our advantage in the last column", () => {
  expect(toTable(toRows(measure("lower"), ROUNDS)).split("\n")).toEqual([
    "| start first, threads | median ms | min | max | manyhands is |",
    "|----------------------|----------:|----:|----:|-------------:|",
    "| limit                |         9 |   8 |  10 |       0.45 × |",
    "| manyhands            |        20 |  10 |  30 |              |",
    "| quick                |        40 |  40 |  40 |       2.00 × |",
    "| slow                 |       100 | 100 | 100 |       5.00 × |",
  ]);
});

const growthRow = (amount: number, median: number, spread: number): Row => ({
  measure: `growth tasks ${amount}, threads`,
  kind: "threads",
  subject: "manyhands",
  unit: "µs",
  better: "lower",
  median,
  min: median - spread,
  max: median + spread,
  rounds: 3,
  toBestPeer: null,
  toLimit: null,
});

test("a cost that rises by more than half for ten times as many is told", () => {
  const rows = [growthRow(100, 2, 0.1), growthRow(1000, 2.9, 0.1), growthRow(100_000, 7, 0.1)];
  expect(rises(pointsOf(rows))).toEqual(["tasks, threads: 1000 → 100000: 2.90 → 7.00 µs each, 2.41 ×"]);
});

test("a rise that some rounds do not show is not told", () => {
  expect(rises(pointsOf([growthRow(100, 2, 1.5), growthRow(1000, 4, 0.6)]))).toEqual([]);
});

test("what the raw limit rises by in the same shape is not held against us, and no more than that", () => {
  const ours = [growthRow(100, 1, 0), growthRow(1000, 2.4, 0)];
  const limit = (median: number): Row[] => [
    { ...growthRow(100, 0.2, 0), subject: "limit" },
    { ...growthRow(1000, median, 0), subject: "limit" },
  ];
  const told = (median: number): string[] => {
    const rows = [...ours, ...limit(median)];
    return rises(pointsOf(rows), floorsOf(rows));
  };
  expect(told(1.2)).toEqual([]);
  expect(told(0.6)).toEqual([
    "tasks, threads: 100 → 1000: 1.00 → 2.40 µs each, 2.00 × beyond the 0.40 µs that the raw limit rises by",
  ]);
  expect(told(0.1)).toEqual(["tasks, threads: 100 → 1000: 1.00 → 2.40 µs each, 2.40 ×"]);
});

test("a run of one measure keeps the rows of the others", () => {
  const row = (measure: string, median: number): Row => ({ ...growthRow(1, median, 0), measure });
  const old = [row("submit warm, threads", 1), row("start one, threads", 2), row("start two, threads", 3)];
  const run = MEASURES.filter(({ name }) => name === "start one");
  expect(merged(old, run, [row("start one, threads", 4)]).map(({ median }) => median)).toEqual([1, 4, 3]);
});

test("a row belongs to one measure, also when the name of another is the beginning of its own", () => {
  const row = (measure: string, median: number): Row => ({ ...growthRow(1, median, 0), measure });
  const old = [row("payload 1 KB, threads", 1), row("payload memory of an idle worker, threads", 2)];
  const run = MEASURES.filter(({ name }) => name === "payload");
  const now = merged(old, run, [row("payload 1 KB, threads", 3)]);
  expect(now.map(({ median }) => median)).toEqual([3, 2]);
});

test("the charts hold every subject, and colours for light and dark pages", async () => {
  const row = (subject: string, median: number): Row => ({
    ...growthRow(1, median, 0),
    measure: "cpu, threads",
    subject,
  });
  const svg = await resultsChart([row("manyhands", 1.9), row("limit", 2), row("a < b", 1.8)], "2 cores");
  for (const text of ["manyhands", "raw limit", "a &lt; b", "prefers-color-scheme: dark"]) expect(svg).toContain(text);
  expect(await growthChart([growthRow(10, 2, 1), growthRow(100, 2, 1)], "2 cores")).toContain("Calls, 1000 pending");
});

const frame = (id: number, functionName: string, url: string, ...children: number[]) => ({
  id,
  callFrame: { functionName, url, lineNumber: id },
  children,
});

/** (root) → ours → theirs, and (root) → (idle); 1 ms a sample. */
const PROFILE = {
  nodes: [
    frame(1, "(root)", "", 2, 4),
    frame(2, "submit", "file:///x/packages/manyhands/dist/mod.js", 3),
    frame(3, "square", "file:///x/bench/built/tasks/square.js"),
    frame(4, "(idle)", ""),
  ],
  samples: [2, 3, 3, 4],
  timeDeltas: [1000, 1000, 1000, 1000],
};

test("a flame graph adds up what all threads did, and leaves out waiting", async () => {
  const root = framesOf("Workers", [PROFILE, PROFILE]);
  expect(root.time).toBe(6);
  const [submit] = root.children.values();
  expect(submit).toMatchObject({ name: "submit", owner: "manyhands", time: 6 });
  const [square] = submit?.children.values() ?? [];
  expect(square).toMatchObject({ name: "square", owner: "task and benchmark", time: 4 });
  const svg = await flameChart("submit, threads", [root]);
  expect(svg).toContain("Workers: 6 ms of work");
  expect(svg).toContain("square 67 %");
  expect(svg).not.toContain("(idle)");
});
