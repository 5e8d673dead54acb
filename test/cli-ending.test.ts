/** How a run ends before its input does: signals, halting, a reader that leaves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StartedCommand } from "./cli-command.js";
import { COMMAND, FUNCTIONS, manyhands, numberLines, startCommand, testDirectory } from "./cli-command.js";
import { Gate } from "./conformance/support.js";

const PLACES = ["event-loop", "threads", "processes"];

interface HeldRun extends StartedCommand {
  readonly cwd: string;
  readonly gate: Gate;
}

/** Starts a run over 1000 lines in which every call waits at the gate, and waits until two do. */
async function heldRun(name: string, options: readonly string[]): Promise<HeldRun> {
  const cwd = testDirectory();
  const gate = await Gate.at(join(cwd, "gate"));
  onTestFinished(() => gate.close());
  writeFileSync(join(cwd, "in.txt"), numberLines(1000));
  const args = ["map", `${FUNCTIONS}#${name}`, "--input", "in.txt", "--joblog", "log", "--workers", "2", ...options];
  const started = startCommand(args, { cwd, env: { CLI_GATE: gate.path, CLI_GATED: "*" } });
  await gate.arrived(2);
  return { ...started, cwd, gate };
}

const logged = (cwd: string): number => readFileSync(join(cwd, "log"), "utf8").split("\n").length - 2;

describe("SIGINT", () => {
  test.each(["threads", "processes"])("once lets the running calls end, and no others start, on %s", async (on) => {
    const { child, end, said, gate, cwd } = await heldRun("gated", ["--on", on, "--chunk", "1"]);
    child.kill("SIGINT");
    await said("waiting for running calls to end");
    gate.open();
    const { code, stderr, lines } = await end;
    expect(code).toBe(130);
    expect(lines).toEqual(['"1"', '"2"']);
    expect(gate.arrivals).toHaveLength(2);
    expect(logged(cwd)).toBe(2);
    expect(stderr).toMatch(/stopped after 2 .*go on with --resume --joblog log\n$/);
    const args = ["map", `${FUNCTIONS}#gated`, "--input", "in.txt", "--joblog", "log", "--resume"];
    expect((await manyhands(args, { cwd })).lines).toHaveLength(1000);
  });

  test.each(["threads", "processes"])("twice ends the running calls, and the log is flushed, on %s", async (on) => {
    const { child, end, said, gate, cwd } = await heldRun("gatedForEver", ["--on", on, "--output", "out.jsonl"]);
    gate.open();
    child.kill("SIGINT");
    await said("interrupt again");
    child.kill("SIGINT");
    expect((await end).code).toBe(130);
    expect(logged(cwd)).toBe(0);
    expect(
      readdirSync(cwd)
        .filter((name) => name !== "gate")
        .sort(),
    ).toEqual(["in.txt", "log"]);
  });

  test("while the input waits for more ends the run as well", async () => {
    const cwd = testDirectory();
    const child = spawn(process.execPath, [COMMAND, "map", `${FUNCTIONS}#square`, "--input", "-"], { cwd });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    child.stdin.write("3\n");
    // Its result says that the run waits for more, and that a lone result is not held back.
    const [first] = await once(child.stdout.setEncoding("utf8"), "data");
    expect(first).toBe("9\n");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
  });

  test("without a log keeps the output so far, under another name", async () => {
    const cwd = testDirectory();
    const gate = await Gate.at(join(cwd, "gate"));
    onTestFinished(() => gate.close());
    writeFileSync(join(cwd, "in.txt"), numberLines(10));
    const args = [
      "map",
      `${FUNCTIONS}#gated`,
      "--input",
      "in.txt",
      "--output",
      "out.jsonl",
      "--chunk",
      "1",
      "--workers",
      "1",
    ];
    const { child, end, said } = startCommand(args, { cwd, env: { CLI_GATE: gate.path, CLI_GATED: "3" } });
    await gate.arrived(1);
    child.kill("SIGINT");
    await said("interrupt again");
    gate.open();
    expect((await end).stderr).toContain("the results so far are in out.jsonl.partial");
    expect(readFileSync(join(cwd, "out.jsonl.partial"), "utf8")).toBe('"1"\n"2"\n"3"\n');
    expect(readdirSync(cwd)).not.toContain("out.jsonl");
  });
});

test.each(["threads", "processes"])("SIGTERM ends the run at once, on %s", async (on) => {
  const { child, end, gate, cwd } = await heldRun("gatedForEver", ["--on", on]);
  gate.open();
  child.kill("SIGTERM");
  expect((await end).code).toBe(143);
  expect(logged(cwd)).toBe(0);
});

describe("--halt", () => {
  test.each(PLACES)("soon stops starting calls after so many failures, on %s", async (on) => {
    const cwd = testDirectory();
    writeFileSync(join(cwd, "in.txt"), numberLines(50_000));
    const args = [
      "map",
      `${FUNCTIONS}#failEven`,
      "--input",
      "in.txt",
      "--on",
      on,
      "--halt",
      "soon,fail=2",
      "--joblog",
      "log",
    ];
    const { code, stderr, lines } = await manyhands([...args, "--no-progress"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /manyhands: halted by --halt after \d+ calls, \d+ failed; go on with --resume --joblog log\n$/,
    );
    expect(lines.length).toBeLessThan(50_000);
  });

  test("now ends the calls that run", async () => {
    const cwd = testDirectory();
    const gate = await Gate.at(join(cwd, "gate"));
    onTestFinished(() => gate.close());
    const module = join(cwd, "m.mjs");
    writeFileSync(
      module,
      `import { gated } from ${JSON.stringify(FUNCTIONS)};\nexport async function f(n) { await gated(n); if (n === 2) throw new Error("no"); for (;;); }`,
    );
    const args = [
      "map",
      "./m.mjs#f",
      "1",
      "2",
      "--workers",
      "2",
      "--chunk",
      "1",
      "--halt",
      "now,fail=1",
      "--output",
      "out.jsonl",
    ];
    const { end } = startCommand(args, { cwd, env: { CLI_GATE: gate.path, CLI_GATED: "*" } });
    await gate.arrived(2);
    gate.open();
    const { code, stderr } = await end;
    expect(code).toBe(1);
    expect(stderr).toContain("failed input 2 (2): Error: no");
    expect(readdirSync(cwd)).not.toContain("out.jsonl");
  });

  test("a percentage is of the calls that have ended", async () => {
    const cwd = testDirectory();
    const inputs = ["1", "3", "5", "7", "9", "11"];
    const args = ["map", `${FUNCTIONS}#failEven`, ...inputs, "2", "--halt", "fail=50%"];
    expect((await manyhands(args, { cwd })).lines).toHaveLength(7);
    const halted = await manyhands(["map", `${FUNCTIONS}#failEven`, "2", "4", "6", "1", "--halt", "fail=50%"], { cwd });
    expect(halted.stderr).toContain("halted");
  });
});

describe("a reader that leaves", () => {
  test.each(PLACES)("ends the run quietly, on %s", async (on) => {
    const cwd = testDirectory();
    writeFileSync(join(cwd, "in.txt"), numberLines(300_000));
    const child = spawn(process.execPath, [COMMAND, "map", `${FUNCTIONS}#echo`, "--input", "in.txt", "--on", on], {
      cwd,
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [first] = await once(child.stdout.setEncoding("utf8"), "data");
    expect(first).toMatch(/^"1"\n/);
    child.stdout.destroy();
    expect(await once(child, "close")).toEqual([0, null]);
    expect(stderr).toBe("");
  });

  test("of the help ends it quietly too", async () => {
    const child = spawn(process.execPath, [COMMAND, "map", "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const [code] = await once(child, "close");
    expect(code).toBe(0);
  });
});

test("the command ends although the module holds a timer", async () => {
  const cwd = testDirectory();
  writeFileSync(join(cwd, "m.mjs"), "setInterval(() => undefined, 1000); export default (n) => n;");
  for (const on of PLACES) expect((await manyhands(["map", "./m.mjs", "1", "--on", on], { cwd })).code, on).toBe(0);
});

test("a worker that dies costs its call only", async () => {
  const cwd = testDirectory();
  writeFileSync(join(cwd, "m.mjs"), "export default (n) => (n === 2 ? process.exit(3) : n);");
  for (const on of ["threads", "processes"]) {
    const end = await manyhands(["map", "./m.mjs", "1", "2", "3", "--on", on], { cwd });
    expect(end.code, on).toBe(1);
    expect(
      end.lines.map((line) => JSON.parse(line)),
      on,
    ).toMatchObject([1, { error: { code: "ERR_WORKER_EXITED" } }, 3]);
  }
});
