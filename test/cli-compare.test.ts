/** `manyhands compare`: four rows, the same results, the figures. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FUNCTIONS, manyhands, numberLines, testDirectory } from "./cli-command.js";

test("prints a row for each way to run, and that all agree", async () => {
  const end = await manyhands(["compare", `${FUNCTIONS}#square`, "1", "2", "3", "--rounds", "1", "--workers", "2"], {
    cwd: testDirectory(),
  });
  expect(end).toMatchObject({ code: 0, stderr: "" });
  const [title, , head, ...rows] = end.lines;
  expect(title).toContain("#square × 3 inputs, ");
  expect(title).toContain("2 workers, one round, all results agree");
  expect(head?.trim().split(/ {2,}/)).toEqual(["total", "start-up", "per call", "speed-up", "efficiency"]);
  expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual(["one after another", "event loop", "threads", "processes"]);
  for (const row of rows) expect(row).toMatch(/ × +\d+ % {2}[█▏▎▍▌▋▊▉]/);
  expect(end.stdout).not.toContain("\x1b");
});

test("--json gives the figures in ms, and they fit together", async () => {
  const cwd = testDirectory();
  writeFileSync(join(cwd, "n.jsonl"), numberLines(50));
  const end = await manyhands(["compare", `${FUNCTIONS}#square`, "--input", "n.jsonl", "--rounds", "2", "--json"], {
    cwd,
  });
  expect(end.code).toBe(0);
  const report = JSON.parse(end.stdout);
  expect(report).toMatchObject({ inputs: 50, failed: 0, rounds: 2, agree: true });
  expect(report.rows.map((row: { startup: number | null }) => row.startup === null)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (const row of report.rows) {
    expect(row.totals).toHaveLength(2);
    expect(row.perCall).toBeCloseTo(row.total / 50);
    expect(row.efficiency).toBeCloseTo(row.speedup / report.cores);
    expect(row.speedup).toBeCloseTo(report.rows[0].total / row.total);
  }
});

test("results that disagree are an error that names the first differing input", async () => {
  const cwd = testDirectory();
  const source = `import { isMainThread } from "node:worker_threads";
    export default (n) => (n === 2 && !isMainThread ? "other" : n);`;
  writeFileSync(join(cwd, "m.mjs"), source);
  const end = await manyhands(["compare", "./m.mjs", "1", "2", "3", "--rounds", "1"], { cwd });
  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr).toBe(
    'manyhands: results disagree at input 2 (2): one after another gave 2, threads gave "other"\n',
  );
});

test("failures that agree are told, with exit code 1", async () => {
  const end = await manyhands(["compare", `${FUNCTIONS}#failEven`, "1", "2", "--rounds", "1"], {
    cwd: testDirectory(),
  });
  expect(end.code).toBe(1);
  expect(end.stdout).toContain("all outcomes agree, 1 failed");
  expect(end.stderr).toBe("manyhands: 1 of 2 calls failed, in every row; input 2 (2): RangeError: 2 is even\n");
});

test("a function that changes its argument changes no other row's, and what it prints is no result", async () => {
  const cwd = testDirectory();
  writeFileSync(
    join(cwd, "m.mjs"),
    "export default (list) => { console.log(list); list.push(1); return list.length; };",
  );
  const end = await manyhands(["compare", "./m.mjs", "[]", "[5]", "--rounds", "2", "--json"], { cwd });
  expect(end.code).toBe(0);
  expect(JSON.parse(end.stdout)).toMatchObject({ agree: true, inputs: 2 });
});

test("--spread and --matrix work here too", async () => {
  const args = ["compare", `${FUNCTIONS}#add`, "--matrix", "1", "2", ":::", "3", "--rounds", "1", "--json"];
  const end = await manyhands(args, { cwd: testDirectory() });
  expect(JSON.parse(end.stdout)).toMatchObject({ inputs: 2, agree: true });
});
