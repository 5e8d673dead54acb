/** bench/rows.ts: medians, ratios and the table of a benchmark say what the rounds gave. */
import { expect, test } from "vitest";
import type { Figure, Measure, Outcome } from "../bench/built/measure.js";
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
