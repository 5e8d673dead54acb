/** `--joblog` and `--resume`: whatever happens to a run, the next one finishes it, and no input is lost or doubled. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FUNCTIONS, manyhands, numberLines, startCommand, testDirectory } from "./cli-command.js";
import { Gate, until } from "./conformance/support.js";

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), "utf8");
const logLines = (cwd: string): readonly string[] =>
  existsSync(join(cwd, "log")) ? read(cwd, "log").split("\n").slice(1, -1) : [];
const seqs = (cwd: string): number[] => logLines(cwd).map((line) => JSON.parse(line).seq);

const COUNT = 3000;
/** The call that the first run never ends, and that calls behind it overtake. */
const STUCK = 2000;
const EXPECTED = Array.from({ length: COUNT }, (_, index) => `"${index + 1}"`);
const GATED = ["map", `${FUNCTIONS}#gated`, "--joblog", "log"];
const FROM_FILE = ["--input", "in.txt"];

/** Starts a run over {@link COUNT} lines and kills it with SIGKILL while it is at {@link STUCK}. */
async function killedRun(cwd: string, options: readonly string[]): Promise<void> {
  writeFileSync(join(cwd, "in.txt"), numberLines(COUNT));
  const gate = await Gate.at(join(cwd, "gate"));
  onTestFinished(() => gate.close());
  const env = { CLI_GATE: gate.path, CLI_GATED: String(STUCK) };
  const { child, end } = startCommand([...GATED, "--chunk", "7", ...options], { cwd, env, input: numberLines(COUNT) });
  await gate.arrived(1);
  await until(() => logLines(cwd).length >= STUCK - 50, "the log should have reached the call that is stuck");
  child.kill("SIGKILL");
  await end;
}

describe("after SIGKILL half-way", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["threads, to standard output", [...FROM_FILE, "--on", "threads"]],
    ["processes, to standard output", [...FROM_FILE, "--on", "processes"]],
    ["the event loop, to standard output", [...FROM_FILE, "--on", "event-loop"]],
    ["threads, to a file", [...FROM_FILE, "--output", "out.jsonl"]],
    ["threads, from standard input", ["--input", "-"]],
  ];

  test.each(rows)("%s: every line once, in order", async (_name, options) => {
    const cwd = testDirectory();
    await killedRun(cwd, options);
    const before = seqs(cwd);
    expect(new Set(before).size).toBe(before.length);
    expect(before).not.toContain(STUCK);
    const end = await manyhands([...GATED, "--resume", ...options], { cwd, input: numberLines(COUNT) });
    expect(end).toMatchObject({ code: 0, stderr: "" });
    const toFile = options.includes("--output");
    expect(toFile ? read(cwd, "out.jsonl").split("\n").slice(0, -1) : end.lines).toEqual(EXPECTED);
    expect(seqs(cwd).toSorted((a, b) => a - b)).toEqual(EXPECTED.map((_, index) => index + 1));
    expect(seqs(cwd).slice(0, before.length)).toEqual(before);
  });

  test("unordered: every line once", async () => {
    const cwd = testDirectory();
    const options = [...FROM_FILE, "--unordered"];
    await killedRun(cwd, options);
    const { lines, code } = await manyhands([...GATED, "--resume", ...options], { cwd });
    expect(code).toBe(0);
    expect(lines.toSorted()).toEqual(EXPECTED.toSorted());
  });

  test("files: every one is there, and those of the first run are not written again", async () => {
    const cwd = testDirectory();
    const options = [...FROM_FILE, "--out-dir", "out/{key}.json"];
    await killedRun(cwd, options);
    const done = seqs(cwd);
    for (const seq of done) writeFileSync(join(cwd, `out/${seq}.json`), "kept");
    expect(await manyhands([...GATED, "--resume", ...options], { cwd })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
    const names = readdirSync(join(cwd, "out")).filter((name) => !name.endsWith(".tmp"));
    expect(names).toHaveLength(COUNT);
    expect(names.filter((name) => read(cwd, `out/${name}`) === "kept")).toHaveLength(done.length);
  });
});

async function finishedRun(cwd: string): Promise<void> {
  writeFileSync(join(cwd, "in.txt"), numberLines(20));
  copyFileSync(FUNCTIONS, join(cwd, "m.mjs"));
  copyFileSync(join(FUNCTIONS, "../gate.js"), join(cwd, "gate.js"));
  writeFileSync(join(cwd, "package.json"), '{"type":"module"}');
  expect((await manyhands(["map", "./m.mjs#echo", "--input", "in.txt", "--joblog", "log"], { cwd })).code).toBe(0);
}

const resume = ["map", "./m.mjs#echo", "--input", "in.txt", "--joblog", "log", "--resume"];

describe("a log", () => {
  test("may be missing or empty: --resume starts the first run", async () => {
    for (const content of [undefined, "", '{"manyha']) {
      const cwd = testDirectory();
      if (content !== undefined) writeFileSync(join(cwd, "log"), content);
      const end = await manyhands(["map", `${FUNCTIONS}#square`, "2", "3", "--joblog", "log", "--resume"], { cwd });
      expect(end).toMatchObject({ code: 0, stdout: "4\n9\n", stderr: "" });
      expect(logLines(cwd)).toHaveLength(2);
    }
  });

  test("that is complete gives the whole output again, and calls nothing", async () => {
    const cwd = testDirectory();
    await finishedRun(cwd);
    const before = read(cwd, "log");
    const end = await manyhands(resume, { cwd });
    expect(end).toMatchObject({ code: 0, stdout: Array.from({ length: 20 }, (_, n) => `"${n + 1}"\n`).join("") });
    expect(read(cwd, "log")).toBe(before);
  });

  test("may be torn anywhere in its last line", async () => {
    const cwd = testDirectory();
    await finishedRun(cwd);
    const whole = read(cwd, "log");
    const lastStart = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (const cut of [lastStart + 1, lastStart + 20, whole.length - 1]) {
      writeFileSync(join(cwd, "log"), whole);
      truncateSync(join(cwd, "log"), cut);
      const end = await manyhands(resume, { cwd });
      expect(end.lines).toHaveLength(20);
      expect(seqs(cwd).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    }
  });

  test("without --resume is started afresh", async () => {
    const cwd = testDirectory();
    await finishedRun(cwd);
    await manyhands(["map", `${FUNCTIONS}#square`, "2", "--joblog", "log"], { cwd });
    expect(logLines(cwd)).toHaveLength(1);
  });
});

test("a log that another run writes is refused, until that run has ended", async () => {
  const cwd = testDirectory();
  const gate = await Gate.at(join(cwd, "gate"));
  onTestFinished(() => gate.close());
  const args = ["map", `${FUNCTIONS}#gated`, "1", "--joblog", "log"];
  const first = startCommand(args, { cwd, env: { CLI_GATE: gate.path, CLI_GATED: "1" } });
  await gate.arrived(1);
  const second = await manyhands([...args, "--resume"], { cwd });
  expect(second).toMatchObject({ code: 2, stdout: "", stderr: "manyhands: log is in use by another run\n" });
  gate.open();
  expect(await first.end).toMatchObject({ code: 0, stdout: "1\n" });
  expect(await manyhands([...args, "--resume"], { cwd })).toMatchObject({ code: 0, stdout: "1\n" });
});

describe("resuming is refused, with nothing written, when", () => {
  const rows: readonly (readonly [string, (cwd: string) => void, readonly string[], RegExp])[] = [
    ["the module changed", (cwd) => appendFileSync(join(cwd, "m.mjs"), "// other\n"), resume, /function changed/],
    ["it is another function", () => undefined, resume.with(1, "./m.mjs#square"), /of the function echo, not square/],
    ["a line was added", (cwd) => appendFileSync(join(cwd, "in.txt"), "21\n"), resume, /the input changed/],
    [
      "a line changed",
      (cwd) => writeFileSync(join(cwd, "in.txt"), numberLines(20).replace("7", "8")),
      resume,
      /the input changed/,
    ],
    ["the input is another", () => undefined, [...resume, "--input", "in.txt"], /the input changed/],
    ["it is read in another way", () => undefined, [...resume, "--input-format", "jsonl"], /the input changed/],
    ["results go elsewhere", () => undefined, [...resume, "--out-dir", "d"], /wrote one output, this one writes files/],
    [
      "the log is damaged",
      (cwd) => writeFileSync(join(cwd, "log"), read(cwd, "log").replace('{"seq":3,', "{")),
      resume,
      /^manyhands: log:\d+: not a line of a job log/,
    ],
  ];

  test.each(rows)("%s", async (_name, change, args, message) => {
    const cwd = testDirectory();
    await finishedRun(cwd);
    change(cwd);
    const before = read(cwd, "log");
    const files = readdirSync(cwd);
    const end = await manyhands(args, { cwd });
    expect(end).toMatchObject({ code: 2, stdout: "" });
    expect(end.stderr).toMatch(message);
    expect(end.stderr.match(/\n/g)).toHaveLength(1);
    expect(read(cwd, "log")).toBe(before);
    expect(readdirSync(cwd)).toEqual(files);
  });

  test.each([
    ["changed", numberLines(20).replace("\n7\n", "\n8\n"), "input 7 is not what it was"],
    ["is shorter", numberLines(10), "it had 20 inputs or more, now 10"],
  ])("standard input %s", async (_name, input, message) => {
    const cwd = testDirectory();
    const args = ["map", `${FUNCTIONS}#echo`, "--input", "-", "--joblog", "log", "--resume"];
    expect((await manyhands(args, { cwd, input: numberLines(20) })).code).toBe(0);
    expect((await manyhands(args, { cwd, input: numberLines(20) })).lines).toHaveLength(20);
    const end = await manyhands(args, { cwd, input });
    expect(end.code).toBe(2);
    expect(end.stderr).toContain(message);
  });
});

test("--resume lets failures stand, --resume-failed runs them again and puts each in its place", async () => {
  const cwd = testDirectory();
  const env = { CLI_MENDED: join(cwd, "mended") };
  const args = ["map", `${FUNCTIONS}#failUntilMended`, "1", "2", "3", "4", "5", "6", "--joblog", "log"];
  const first = await manyhands(args, { cwd, env });
  expect(first.code).toBe(1);
  writeFileSync(env.CLI_MENDED, "");
  const stands = await manyhands([...args, "--resume"], { cwd, env });
  expect(stands).toMatchObject({ code: 1, stdout: first.stdout });
  const again = await manyhands([...args, "--resume-failed"], { cwd, env });
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.lines).toEqual([1, 2, 3, 4, 5, 6].map((n) => `"${n} is fine"`));
  expect((await manyhands([...args, "--resume"], { cwd, env })).stdout).toBe(again.stdout);
});
