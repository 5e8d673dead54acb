/** `manyhands map`: what goes in, what comes out, in which order, and in which files. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FUNCTIONS, manyhands, numberLines, testDirectory } from "./cli-command.js";

const PLACES = ["event-loop", "threads", "processes"];

function directoryWith(files: Readonly<Record<string, string>>): string {
  const cwd = testDirectory();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  return cwd;
}

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), "utf8");

describe("inputs", () => {
  test.each(PLACES)("arguments are values, and results are lines in their order, on %s", async (place) => {
    const end = await manyhands(["map", `${FUNCTIONS}#square`, "9", "8", "7", "--on", place], { cwd: testDirectory() });
    expect(end).toEqual({ code: 0, stdout: "81\n64\n49\n", stderr: "", lines: ["81", "64", "49"] });
  });

  test("--raw keeps arguments strings", async () => {
    const end = await manyhands(["map", `${FUNCTIONS}#echo`, "--raw", "7", "true"], { cwd: testDirectory() });
    expect(end.lines).toEqual(['"7"', '"true"']);
  });

  test("negative numbers are arguments", async () => {
    const end = await manyhands(["map", `${FUNCTIONS}#square`, "--", "-5"], { cwd: testDirectory() });
    expect(end.lines).toEqual(["25"]);
  });

  test.each([
    ["lines.txt", "a\r\nb\n\nc", ['"a"', '"b"', '""', '"c"']],
    [
      "rows.csv",
      '\uFEFFid,name\n1,"x, ""y"""\n2,"two\nlines"\n',
      ['{"id":"1","name":"x, \\"y\\""}', '{"id":"2","name":"two\\nlines"}'],
    ],
    ["rows.tsv", 'a\tb\n1\t"q\n', ['{"a":"1","b":"\\"q"}']],
    ["values.jsonl", '{"a":1}\n\n[2]\n"x"\n', ['{"a":1}', "[2]", '"x"']],
    ["values.ndjson", "1\n2", ["1", "2"]],
    ["values.json", '[1,\n{"b":2}]', ["1", '{"b":2}']],
    ["empty.txt", "", []],
    ["empty.csv", "a,b\n", []],
  ])("%s is read by its extension", async (name, content, lines) => {
    const cwd = directoryWith({ [name]: content });
    const end = await manyhands(["map", `${FUNCTIONS}#echo`, "--input", name], { cwd });
    expect(end).toMatchObject({ code: 0, stderr: "", lines });
  });

  test("--input-format wins over the name, and NUL ends records", async () => {
    const cwd = directoryWith({ "x.csv": "a\nb\0c" });
    const end = await manyhands(["map", `${FUNCTIONS}#echo`, "--input", "x.csv", "--input-format", "nul"], { cwd });
    expect(end.lines).toEqual(['"a\\nb"', '"c"']);
  });

  test("- is standard input, and sources follow one another", async () => {
    const cwd = directoryWith({ "b.txt": "b" });
    const args = ["map", `${FUNCTIONS}#echo`, "a", "--input", "b.txt", "--input", "-"];
    expect((await manyhands(args, { cwd, input: "c\nd\n" })).lines).toEqual(['"a"', '"b"', '"c"', '"d"']);
  });

  test("--spread makes arrays, and the cells of a CSV row, the arguments", async () => {
    const cwd = directoryWith({ "p.csv": "2,1\n3,4\n" });
    const arrays = await manyhands(["map", `${FUNCTIONS}#add`, "--spread", "[1,2]", "[3,4]"], { cwd });
    expect(arrays.lines).toEqual(["3", "7"]);
    expect((await manyhands(["map", `${FUNCTIONS}#add`, "--spread", "--input", "p.csv"], { cwd })).lines).toEqual([
      "7",
    ]);
  });

  test("--matrix calls every combination, the last axis fastest", async () => {
    const cwd = directoryWith({ "x.jsonl": "100\n200\n" });
    const args = ["map", `${FUNCTIONS}#add`, "--matrix"];
    expect((await manyhands([...args, "1", "2", ":::", "10", "20"], { cwd })).lines).toEqual(["11", "21", "12", "22"]);
    expect((await manyhands([...args, "1", "2", "--input", "x.jsonl"], { cwd })).lines).toEqual([
      "101",
      "201",
      "102",
      "202",
    ]);
  });

  test("modules of Node, packages, file URLs and TypeScript are run", async () => {
    const plus = "export default (n: number): number => n + 1;\n";
    const cwd = directoryWith({ "plus.ts": plus, "package.json": '{"type":"module"}' });
    mkdirSync(join(cwd, "node_modules/esm-only"), { recursive: true });
    writeFileSync(join(cwd, "node_modules/esm-only/package.json"), '{"type":"module","exports":{"import":"./m.js"}}');
    writeFileSync(join(cwd, "node_modules/esm-only/m.js"), "export const twice = (n) => n * 2;");
    const run = async (target: string, input: string): Promise<readonly string[]> =>
      (await manyhands(["map", target, input], { cwd })).lines;
    expect(await run("node:path#basename", "/a/b")).toEqual(['"b"']);
    expect(await run("esm-only#twice", "4")).toEqual(["8"]);
    expect(await run(`file://${FUNCTIONS}#square`, "4")).toEqual(["16"]);
    expect(await run("plus.ts", "4")).toEqual(["5"]);
  });
});

describe("outputs", () => {
  test("every value has one documented form", async () => {
    const kinds = ["nothing", "big", "map", "pairs", "set", "date", "bytes", "floats", "text"];
    for (const on of PLACES) {
      const end = await manyhands(["map", `${FUNCTIONS}#give`, ...kinds, "--on", on], { cwd: testDirectory() });
      expect(end.lines, on).toEqual([
        ...["null", '"1180591620717411303424"', '{"a":"NaN"}', '[[1,"x"]]', "[1,2]", '"1970-01-01T00:00:00.000Z"'],
        ...['"AQID"', "[1.5]", '"a\\nb"'],
      ]);
    }
  });

  test("a failed input has a line of its own, a message, and exit code 1", async () => {
    const end = await manyhands(["map", `${FUNCTIONS}#failEven`, "1", "2", "3"], { cwd: testDirectory() });
    expect(end.lines).toEqual(["1", '{"error":{"name":"RangeError","message":"2 is even"}}', "3"]);
    expect(end.stderr).toMatch(/^manyhands: failed input 2 \(2\): RangeError: 2 is even\nmanyhands: 1 of 3 failed/);
    expect(end.code).toBe(1);
    const skipped = await manyhands(["map", `${FUNCTIONS}#failEven`, "1", "2", "3", "--skip-failed"], {
      cwd: testDirectory(),
    });
    expect(skipped.lines).toEqual(["1", "3"]);
  });

  test("a result that cannot travel names its path", async () => {
    const end = await manyhands(["map", `${FUNCTIONS}#giveFunction`, "1"], { cwd: testDirectory() });
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/SerializationError: .*list\[0\]\.onClick/);
  });

  test("CSV and text, by extension or as asked for", async () => {
    const cwd = directoryWith({ "in.jsonl": '{"a":1,"b":"x,y"}\n{"a":2}\n' });
    const from = ["map", `${FUNCTIONS}#echo`, "--input", "in.jsonl"];
    await manyhands([...from, "--output", "out.csv"], { cwd });
    expect(read(cwd, "out.csv")).toBe('a,b\n1,"x,y"\n2,\n');
    const text = await manyhands(["map", `${FUNCTIONS}#echo`, "x", "1", "null", "--output-format", "text"], { cwd });
    expect(text.stdout).toBe("x\n1\n\n");
  });

  test("--output replaces the file, through a link, and leaves nothing else", async () => {
    const cwd = directoryWith({ "old.jsonl": "old\n" });
    symlinkSync("old.jsonl", join(cwd, "link.jsonl"));
    const end = await manyhands(["map", `${FUNCTIONS}#square`, "3", "--output", "link.jsonl"], { cwd });
    expect(end).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(read(cwd, "old.jsonl")).toBe("9\n");
    expect(lstatSync(join(cwd, "link.jsonl")).isSymbolicLink()).toBe(true);
    expect(readdirSync(cwd).sort()).toEqual(["link.jsonl", "old.jsonl"]);
  });

  test("--out-dir writes one file for each result, inside the directory whatever the key", async () => {
    const cwd = testDirectory();
    const keys = ["a", "../b", "/etc/passwd", "..", ""];
    const end = await manyhands(["map", `${FUNCTIONS}#echo`, ...keys, "--out-dir", "out/{key}.json"], { cwd });
    expect(end).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(cwd)).toEqual(["out"]);
    expect(
      readdirSync(join(cwd, "out"))
        .map((name) => JSON.parse(read(cwd, `out/${name}`)))
        .sort(),
    ).toEqual(keys.sort());
  });

  test("two inputs never share a file: the second fails, or {seq} keeps them apart", async () => {
    const cwd = testDirectory();
    const twice = await manyhands(["map", `${FUNCTIONS}#echo`, "a", "a", "--out-dir", "x"], { cwd });
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain("which has the same key; use {seq}");
    const apart = await manyhands(["map", `${FUNCTIONS}#echo`, "a", "a", "--out-dir", "y/{key}-{seq}.txt"], { cwd });
    expect(apart.code).toBe(0);
    expect(readdirSync(join(cwd, "y")).sort()).toEqual(["a-1.txt", "a-2.txt"]);
    expect(read(cwd, "y/a-1.txt")).toBe("a\n");
  });

  test("the job log has a header and a line for each call", async () => {
    const cwd = directoryWith({ "in.csv": "id,n\nx,1\ny,2\n" });
    const args = ["map", `${FUNCTIONS}#echo`, "--input", "in.csv", "--joblog", "log", "--key", "id"];
    expect((await manyhands(args, { cwd })).code).toBe(0);
    const [header, ...calls] = read(cwd, "log")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ manyhands: "joblog", version: 1, function: { export: "echo" } });
    calls.sort((a, b) => a.seq - b.seq);
    expect(calls).toMatchObject([
      { seq: 1, key: "x", attempt: 1, status: "ok", result: { id: "x", n: "1" } },
      { seq: 2, key: "y", attempt: 1, status: "ok" },
    ]);
    for (const { start, duration, worker } of calls) {
      expect([typeof start, typeof duration, typeof worker]).toEqual(["number", "number", "string"]);
    }
  });

  test("what functions print goes to standard error", async () => {
    for (const on of PLACES) {
      const end = await manyhands(["map", `${FUNCTIONS}#printing`, "1", "--on", on], { cwd: testDirectory() });
      expect(end, on).toMatchObject({ code: 0, stdout: "1\n", stderr: "printed by a function\n" });
    }
  });

  test("--dry-run prints the calls and makes none", async () => {
    const cwd = testDirectory();
    const args = ["map", `${FUNCTIONS}#printing`, "1", "x", "--dry-run", "--output", "o", "--joblog", "log"];
    expect(await manyhands(args, { cwd })).toMatchObject({
      code: 0,
      stdout: 'printing(1)\nprinting("x")\n',
      stderr: "",
    });
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe("runs", () => {
  test("many lines come out in order, or all of them as they come", async () => {
    const cwd = directoryWith({ "n.jsonl": numberLines(5000) });
    const args = ["map", `${FUNCTIONS}#square`, "--input", "n.jsonl"];
    const squares = Array.from({ length: 5000 }, (_, index) => String((index + 1) ** 2));
    expect((await manyhands(args, { cwd })).lines).toEqual(squares);
    const unordered = (await manyhands([...args, "--unordered"], { cwd })).lines;
    expect(unordered.toSorted((a, b) => Number(a) - Number(b))).toEqual(squares);
  });

  test("--retries runs a failed call again, and the log says which attempt it was", async () => {
    const cwd = testDirectory();
    const input = [1, 2].map((n) => JSON.stringify([cwd, n]));
    const args = [
      "map",
      `${FUNCTIONS}#failOnce`,
      "--spread",
      ...input,
      "--retries",
      "2",
      "--backoff",
      "1ms",
      "--joblog",
      "log",
    ];
    const end = await manyhands(args, { cwd });
    expect(end).toMatchObject({ code: 0, stdout: "1\n2\n" });
    expect(read(cwd, "log").match(/"attempt":2/g)).toHaveLength(2);
  });

  test("--timeout ends a call that runs too long, and only that one", async () => {
    const cwd = directoryWith({ "m.mjs": "export const spin = (n) => { while (n === 2); return n; };" });
    const end = await manyhands(["map", "./m.mjs#spin", "1", "2", "3", "--timeout", "300ms"], { cwd });
    expect(end.code).toBe(1);
    expect(end.lines.map((line) => JSON.parse(line))).toMatchObject([1, { error: { code: "ERR_TIMEOUT" } }, 3]);
  });

  test("--rate, --concurrency, --chunk, --max-memory and --workers are taken everywhere they make sense", async () => {
    const options = ["--rate", "1000/s", "--concurrency", "2", "--chunk", "3", "--max-memory", "1GB", "--workers", "2"];
    const end = await manyhands(["map", `${FUNCTIONS}#square`, "1", "2", "3", ...options], { cwd: testDirectory() });
    expect(end).toMatchObject({ code: 0, stdout: "1\n4\n9\n" });
  });
});
