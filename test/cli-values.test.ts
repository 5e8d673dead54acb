/** The command's decisions that need no process: option values, keys, names of files, halting, progress, formats. */
import { describe, expect, test } from "vitest";
import { agreementOf } from "../packages/manyhands/dist/cli/compare-agreement.js";
import type { Measured, RowName } from "../packages/manyhands/dist/cli/compare-measure.js";
import { median, reportOf } from "../packages/manyhands/dist/cli/compare-report.js";
import { shownTime, tableOf } from "../packages/manyhands/dist/cli/compare-table.js";
import { ConsoleVoice, lookOf } from "../packages/manyhands/dist/cli/console-voice.js";
import { filePathOf, parseTemplate } from "../packages/manyhands/dist/cli/file-template.js";
import { decideHalt, parseHalt } from "../packages/manyhands/dist/cli/halt.js";
import { argumentValue, inputFormatOf } from "../packages/manyhands/dist/cli/input-format.js";
import { toJson } from "../packages/manyhands/dist/cli/json-form.js";
import { exitCodeOf } from "../packages/manyhands/dist/cli/map-end.js";
import { combination } from "../packages/manyhands/dist/cli/matrix.js";
import { nearest } from "../packages/manyhands/dist/cli/nearest.js";
import {
  parseChunk,
  parseCount,
  parseDuration,
  parseRate,
  parseSize,
} from "../packages/manyhands/dist/cli/option-values.js";
import { csvRow, rendererOf } from "../packages/manyhands/dist/cli/output-format.js";
import { nextStart } from "../packages/manyhands/dist/cli/pace.js";
import { bar, etaOf, progressLine, progressText, shownDuration } from "../packages/manyhands/dist/cli/progress-line.js";
import { fileNameOf, keyOf, shownKey } from "../packages/manyhands/dist/cli/record-key.js";
import { matchExports } from "../packages/manyhands/dist/cli/resolve-package.js";
import { Stop } from "../packages/manyhands/dist/cli/stop.js";
import { textRecords } from "../packages/manyhands/dist/cli/text-records.js";

describe("option values", () => {
  test.each([
    ["250", 250],
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["0", 0],
  ])("the duration %s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(["", "-1", "10 s", "1d", "s", "1e3", "Infinity"])("%j is no duration", (text) =>
    expect(() => parseDuration(text)).toThrow(/duration/),
  );

  test.each([
    ["1024", 1024],
    ["512MB", 512e6],
    ["512mib", 512 * 2 ** 20],
    ["1.5GB", 1.5e9],
    ["2 KiB", 2048],
  ])("the size %s is %d bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(["0", "-1", "MB", "1TB", ""])("%j is no size", (text) => expect(() => parseSize(text)).toThrow(/size/));

  test.each([
    ["10/s", 100],
    ["10", 100],
    ["600/m", 100],
    ["0.5/s", 2000],
    ["1/h", 3_600_000],
  ])("the rate %s starts a call each %d ms", (text, ms) => expect(parseRate(text)).toBe(ms));

  test.each(["0/s", "-1/s", "10/d", "/s", ""])("%j is no rate", (text) =>
    expect(() => parseRate(text)).toThrow(/rate/),
  );

  test.each(["0", "-1", "1.5", "x", "", "1e3", "99999999999999999999"])("%j is no count", (text) =>
    expect(() => parseCount(text)).toThrow(/whole number/),
  );

  test("a chunk is a count or auto", () => expect([parseChunk("auto"), parseChunk("8")]).toEqual(["auto", 8]));

  test("paced starts keep their distance, and time that was not used is not saved up", () => {
    expect(nextStart(Number.NEGATIVE_INFINITY, 100, 5)).toBe(5);
    expect(nextStart(5, 100, 6)).toBe(105);
    expect(nextStart(5, 100, 900)).toBe(900);
  });
});

describe("halting", () => {
  test.each([
    ["never", { when: "never" }],
    ["fail=2", { when: "soon", failures: 2 }],
    ["now,fail=1", { when: "now", failures: 1 }],
    ["soon,fail=12.5%", { when: "soon", percent: 12.5 }],
  ])("%s", (text, policy) => expect(parseHalt(text)).toEqual(policy));

  test.each(["", "now", "fail=0", "fail=-1", "fail=1.5", "fail=0%", "fail=101%", "later,fail=1", "soon fail=1"])(
    "%j is no policy",
    (text) => expect(() => parseHalt(text)).toThrow(/never, now,fail=N/),
  );

  test("a count halts when it is reached; a percentage not before three calls have ended", () => {
    expect(decideHalt(parseHalt("now,fail=2"), 9, 1)).toBe("go-on");
    expect(decideHalt(parseHalt("now,fail=2"), 9, 2)).toBe("stop");
    expect(decideHalt(parseHalt("soon,fail=50%"), 2, 2)).toBe("go-on");
    expect(decideHalt(parseHalt("soon,fail=50%"), 3, 1)).toBe("go-on");
    expect(decideHalt(parseHalt("soon,fail=50%"), 4, 2)).toBe("drain");
    expect(decideHalt(parseHalt("never"), 9, 9)).toBe("go-on");
  });
});

describe("stopping", () => {
  test("only goes forward, and says each stage once", () => {
    const stop = new Stop();
    const heard: string[] = [];
    stop.onChange((state) => heard.push(state.kind));
    stop.request("draining", { kind: "halt" });
    stop.request("draining", { kind: "signal", name: "SIGINT" });
    stop.request("stopping", { kind: "signal", name: "SIGTERM" });
    stop.request("draining", { kind: "halt" });
    expect(heard).toEqual(["draining", "stopping"]);
    expect(stop.state).toEqual({ kind: "stopping", cause: { kind: "signal", name: "SIGTERM" } });
  });

  test("the exit code says how the run ended", () => {
    const by = (cause: Parameters<Stop["request"]>[1]) => ({ kind: "draining", cause }) as const;
    expect(exitCodeOf({ kind: "running" }, 0)).toBe(0);
    expect(exitCodeOf({ kind: "running" }, 1)).toBe(1);
    expect(exitCodeOf(by({ kind: "halt" }), 0)).toBe(1);
    expect(exitCodeOf(by({ kind: "signal", name: "SIGINT" }), 3)).toBe(130);
    expect(exitCodeOf(by({ kind: "signal", name: "SIGTERM" }), 0)).toBe(143);
    expect(exitCodeOf(by({ kind: "output-closed" }), 0)).toBe(0);
  });
});

describe("inputs", () => {
  test.each([
    ["7", 7],
    ["1e3", 1000],
    ["true", true],
    ["null", null],
    ['{"a":[1]}', { a: [1] }],
    ["007", "007"],
    ["abc", "abc"],
    ["", ""],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["1e999", "1e999"],
  ])("the argument %s is %j", (text, value) => expect(argumentValue(text)).toEqual(value));

  test("the format is the one that is asked for, else by extension, else lines", () => {
    expect(
      ["a.csv", "a.TSV", "a.ndjson", "a.json", "a.txt", "a"].map((path) => inputFormatOf(path, undefined)),
    ).toEqual(["csv", "tsv", "jsonl", "json", "lines", "lines"]);
    expect(inputFormatOf("a.csv", "lines")).toBe("lines");
  });

  test("records do not depend on how the bytes are cut into blocks", async () => {
    const text = "\uFEFFfirst\r\n\nœuf 🥚\nlast";
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const records: string[] = [];
      for await (const batch of textRecords(blocks(bytes, size), "lines", "x")) {
        expect(batch.first).toBe(records.length + 1);
        records.push(...batch.records);
      }
      expect(records).toEqual(["first", "", "œuf 🥚", "last"]);
    }
  });

  test("a combination counts like nested loops", () => {
    const axes = [
      ["a", "b"],
      [1, 2, 3],
    ];
    expect(Array.from({ length: 6 }, (_, number) => combination(axes, number).join(""))).toEqual([
      ...["a1", "a2", "a3", "b1", "b2", "b3"],
    ]);
  });

  test("the nearest name is one that may have been meant, or none", () => {
    expect(nearest("isprime", ["isPrime", "isOdd"])).toBe("isPrime");
    expect(nearest("sqaure", ["square", "sum"])).toBe("square");
    expect(nearest("xyz", ["square"])).toBeUndefined();
  });
});

async function* blocks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("keys and names of files", () => {
  test("a key is the string, the field that is asked for, or JSON", () => {
    expect(keyOf("a b", undefined)).toBe("a b");
    expect(keyOf({ id: 7, x: 1 }, "id")).toBe("7");
    expect(keyOf({ x: 1 }, "id")).toBe('{"x":1}');
    expect(shownKey("a\nb")).toBe("a\\nb");
    expect(shownKey("x".repeat(500))).toHaveLength(200);
  });

  test("no key leaves the directory", () => {
    const template = parseTemplate("out/{key}.json");
    for (const key of [
      "../../etc/passwd",
      "/etc/passwd",
      "..",
      ".",
      "",
      "a/b",
      "a\\b",
      "a\0b",
      "~",
      "x".repeat(5000),
      "é/ü",
      "\ud800",
    ]) {
      const path = filePathOf(template, key, 1);
      expect(path, key).toMatch(/^out\/[^/\\\0]+\.json$/);
      expect(path.slice(4), key).not.toMatch(/^\.\.?/);
      expect(Buffer.byteLength(path), key).toBeLessThan(250);
    }
  });

  test("different keys give different names", () => {
    const keys = [
      "a/b",
      "a_b",
      "a%2Fb",
      "a b",
      "A B",
      ".a",
      "%2Ea",
      "",
      "%",
      "x".repeat(300),
      `${"x".repeat(300)}y`,
      "!",
      "%21",
    ];
    expect(new Set(keys.map(fileNameOf)).size).toBe(keys.length);
  });

  test("a template has its placeholders in the name of the file; a directory means DIR/{key}.json", () => {
    expect(parseTemplate("d/e/part-{seq}.txt")).toEqual({ directory: "d/e", name: "part-{seq}.txt" });
    expect(parseTemplate("d")).toEqual({ directory: "d", name: "{key}.json" });
    expect(() => parseTemplate("{key}/x.json")).toThrow(/only in the name/);
    expect(() => parseTemplate("d/{name}.json")).toThrow(/there is no \{name\}/);
  });
});

describe("results as text", () => {
  test.each([
    [undefined, "null"],
    [2n ** 70n, '"1180591620717411303424"'],
    [Number.NaN, '"NaN"'],
    [{ a: Number.NEGATIVE_INFINITY, b: undefined }, '{"a":"-Infinity"}'],
    [[undefined, 1n], '[null,"1"]'],
    [new Map([["a", 1n]]), '{"a":"1"}'],
    [new Map([[1, { deep: new Set([2]) }]]), '[[1,{"deep":[2]}]]'],
    [new Set(["x"]), '["x"]'],
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    [{ bytes: Buffer.from("hi"), more: new Uint8Array([1]).buffer }, '{"bytes":"aGk=","more":"AQ=="}'],
    [new Float32Array([1.5, 2]), "[1.5,2]"],
    [/a/g, '"/a/g"'],
    [new TypeError("no"), '{"name":"TypeError","message":"no"}'],
    ["a\nb", '"a\\nb"'],
  ])("%o is %s", (value, text) => expect(toJson(value)).toBe(text));

  test("what has no form is refused", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => toJson(circle)).toThrow(/circular/);
    expect(() => toJson({ a: [{ onClick: () => 1 }] })).toThrow(/"onClick" is a function/);
    expect(() => toJson(Symbol("x"))).toThrow(/it is a symbol/);
  });

  test("CSV has the columns of the first object, quotes what needs it, and keeps failed rows", () => {
    const csv = rendererOf("csv", "kept");
    const failed = { status: "failed", error: { name: "Error", message: "no" } } as const;
    const ok = (value: unknown) => ({ status: "ok", text: JSON.stringify(value) }) as const;
    const text = [failed, ok({ a: 1, b: 'x,"y"' }), failed, ok({ b: null, c: 3 })].map((each) => csv.render(each));
    expect(text.join("") + csv.end()).toBe('a,b\n,\n1,"x,""y"""\n,\n,\n');
    expect(csvRow([""])).toBe('""\n');
  });
});

describe("progress", () => {
  const view = { done: 50, failed: 1, total: 200, ownDone: 50, elapsed: 10_000 };

  test("says how far, how fast, and until when", () => {
    expect(progressText(view)).toBe("50/200 25 %, 1 failed, 5.00/s, ETA 30 s");
    expect(progressText({ ...view, failed: 0, total: undefined })).toBe("50, 5.00/s");
    expect(etaOf({ ...view, ownDone: 0 })).toBeUndefined();
    expect(etaOf({ ...view, total: 10 })).toBeUndefined();
  });

  test("only this run's own calls make the rate", () =>
    expect(etaOf({ ...view, done: 150, ownDone: 50 })).toBe(10_000));

  test.each([
    [400, "0.4 s"],
    [12_000, "12 s"],
    [185_000, "3 m 05 s"],
    [7_380_000, "2 h 03 m"],
  ])("%d ms is %s", (ms, text) => expect(shownDuration(ms)).toBe(text));

  test("a bar is as wide as it is told, and the line no wider than the terminal", () => {
    expect(bar(0, 4)).toBe("    ");
    expect(bar(0.5, 4)).toBe("██  ");
    expect(bar(7, 4)).toBe("████");
    for (const columns of [5, 20, 60, 200]) expect(progressLine(view, columns).length).toBeLessThanOrEqual(columns);
  });

  test("colour only on a terminal without NO_COLOR", () => {
    expect(lookOf({ isTTY: true }, {})).toBe("coloured-terminal");
    expect(lookOf({ isTTY: true }, { NO_COLOR: "1" })).toBe("terminal");
    expect(lookOf({ isTTY: true }, { NO_COLOR: "" })).toBe("coloured-terminal");
    expect(lookOf({ isTTY: true }, { TERM: "dumb" })).toBe("terminal");
    expect(lookOf({}, {})).toBe("plain");
  });

  test("on a terminal failures are bounded in number, elsewhere all are told", () => {
    for (const [isTTY, expected] of [
      [true, 21],
      [false, 100],
    ] as const) {
      const lines: string[] = [];
      const stream = { isTTY, write: (text: string) => lines.push(text), on: () => stream };
      const voice = new ConsoleVoice(stream as unknown as NodeJS.WriteStream, { NO_COLOR: "1" });
      for (let seq = 1; seq <= 100; seq++) voice.failure(seq, `key ${seq}`, "Error: no");
      expect(lines).toHaveLength(expected);
      expect(lines[0]).toBe("manyhands: failed input 1 (key 1): Error: no\n");
    }
  });
});

describe("packages", () => {
  test("exports are matched by subpath, pattern and condition", () => {
    expect(matchExports("./a.js", ".")).toBe("./a.js");
    expect(matchExports({ import: "./a.mjs", require: "./a.cjs" }, ".")).toBe("./a.mjs");
    expect(matchExports({ ".": { require: "./a.cjs", node: { default: "./n.js" } } }, ".")).toBe("./n.js");
    expect(matchExports({ "./sub/*.js": "./dist/*.mjs" }, "./sub/x.js")).toBe("./dist/x.mjs");
    expect(matchExports({ ".": "./a.js" }, "./hidden")).toBeUndefined();
  });
});

describe("comparing", () => {
  const run = (total: number, texts: readonly string[], startup?: number): Measured => ({
    ...{ total, startup },
    outcomes: texts.map((text) => ({ status: text.startsWith("!") ? "failed" : "ok", text })),
  });

  test("rows agree, or the first differing input is named", () => {
    const rows = (threads: readonly string[]): ReadonlyMap<RowName, readonly Measured[]> =>
      new Map([
        ["one after another", [run(4, ["1", "!x", "3"])]],
        ["threads", [run(2, threads)]],
      ]);
    expect(agreementOf(rows(["1", "!x", "3"]))).toEqual({ kind: "agrees", failed: [{ index: 1, text: "!x" }] });
    expect(agreementOf(rows(["1", "!x", "4"]))).toMatchObject({ kind: "differs", index: 2, row: "threads" });
    expect(agreementOf(rows(["1"]))).toMatchObject({ kind: "differs", index: 1, found: "gave nothing" });
  });

  test("figures are medians against one after another", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 3, 4])).toBe(2.5);
    const measured = new Map<RowName, readonly Measured[]>([
      ["one after another", [run(100, []), run(120, []), run(110, [])]],
      ["threads", [run(55, [], 30), run(50, [], 40), run(60, [], 20)]],
    ]);
    const report = reportOf({ label: "m#f", inputs: 10, cores: 2, workers: 2 }, measured, 0);
    expect(report.rows[1]).toMatchObject({ total: 55, startup: 30, perCall: 5.5, speedup: 2, efficiency: 1 });
    const table = tableOf(report, "plain");
    expect(table).toContain("m#f × 10 inputs, 2 cores, 2 workers, median of 3 rounds, all results agree");
    expect(table.split("\n").filter((line) => line.includes("█"))).toHaveLength(2);
    expect(table).not.toContain("\x1b");
    expect(tableOf(report, "coloured-terminal")).toContain("\x1b[32m");
  });

  test.each([
    [0.0162, "16.2 µs"],
    [6.72, "6.72 ms"],
    [672.4, "672 ms"],
    [12_340, "12.3 s"],
  ])("%d ms is %s", (ms, text) => expect(shownTime(ms)).toBe(text));
});
