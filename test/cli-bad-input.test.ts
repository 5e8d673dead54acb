/** Bad input: one clear line on standard error, exit code 2, and nothing written. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FUNCTIONS, manyhands, testDirectory } from "./cli-command.js";

const FILES: Readonly<Record<string, string>> = {
  "primes.mjs": "export const isPrime = (n) => n === 2; export const limit = 7; export const list = [1];",
  "typed.ts": "export const f = (n: number): number => n;",
  "throws.mjs": 'export const f = 1;\nthrow new TypeError("no\\nluck");',
  "syntax.mjs": "export const f = (;",
  "needs.mjs": 'import "./gone.mjs"; export const f = 1;',
  "short.csv": "a,b\n1,2\n3\n",
  "open.csv": 'a,b\n1,2\n"3,4\n',
  "twice.csv": "a,a\n1,2\n",
  "bad.jsonl": '{"a":1}\n\n{"a":\n',
  "bad.json": "[1,\n2,\n]",
  "object.json": '{"a":1}',
  "latin1.txt": "ok",
  "n.txt": "1\n2\n",
  "not-a-log": "hello\n",
};

const map = (...args: string[]): string[] => ["map", `${FUNCTIONS}#echo`, ...args];

/** What is typed, and what the one line has to say. */
const ROWS: readonly (readonly [string, readonly string[], string | RegExp])[] = [
  ["an unknown command", ["mpa"], "unknown command 'mpa' (Did you mean map?)"],
  ["an unknown option", map("1", "--worker", "2"), "unknown option '--worker' (Did you mean --workers?)"],
  ["no function", ["map"], "missing required argument 'module#export'"],
  ["no input", map(), "no input: give INPUT arguments, or --input FILE (- for standard input)"],
  [
    "an unknown module",
    ["map", "./prime.mjs#isPrime", "1"],
    /^cannot find module \.\/prime\.mjs: no such file \(did you mean \.\/primes\.mjs\?\)$/,
  ],
  ["a module without its extension", ["map", "./typed#f", "1"], /did you mean \.\/typed\.ts\?/],
  ["a module in no directory", ["map", "./no/such/m.mjs#f", "1"], "cannot find module ./no/such/m.mjs: no such file"],
  ["a directory as a module", ["map", "./folder#f", "1"], "cannot find module ./folder: it is a directory"],
  ["an unknown package", ["map", "left-pad-of-nobody#f", "1"], /^cannot find module left-pad-of-nobody: no package/],
  [
    "an unknown export",
    ["map", "./primes.mjs#isprime", "1"],
    "./primes.mjs has no export isprime (did you mean ./primes.mjs#isPrime?)",
  ],
  [
    "an export far from any",
    ["map", "./primes.mjs#xyzzy", "1"],
    "./primes.mjs has no export xyzzy; it exports isPrime",
  ],
  ["an inherited export", ["map", "./primes.mjs#toString", "1"], /has no export toString/],
  ["no default export", ["map", "./primes.mjs", "1"], /has no default export/],
  ["an empty export", ["map", "./primes.mjs#", "1"], /give a module and an export/],
  [
    "a number as a function",
    ["map", "./primes.mjs#limit", "1"],
    "the export limit of ./primes.mjs is no function, but a number",
  ],
  [
    "an array as a function",
    ["map", "./primes.mjs#list", "1"],
    "the export list of ./primes.mjs is no function, but an array",
  ],
  [
    "a module that throws",
    ["map", "./throws.mjs#f", "1"],
    "cannot import ./throws.mjs: TypeError: no luck (at throws.mjs:2)",
  ],
  ["a module that does not parse", ["map", "./syntax.mjs#f", "1"], /^cannot import \.\/syntax\.mjs: SyntaxError: /],
  ["a module that needs another", ["map", "./needs.mjs#f", "1"], /^cannot import \.\/needs\.mjs: .*gone\.mjs/],
  ["a URL from the network", ["map", "https://example.org/m.js#f", "1"], /only files and packages/],
  [
    "zero workers",
    map("1", "--workers", "0"),
    /'--workers <n>' argument '0' is invalid\. It must be a whole number of at least 1\./,
  ],
  ["negative workers", map("1", "--workers", "-2"), /'--workers <n>' argument '-2' is invalid/],
  ["half a worker", map("1", "--workers", "1.5"), /'--workers <n>' argument '1.5' is invalid/],
  ["zero concurrency", map("1", "--concurrency", "0"), /--concurrency/],
  ["a chunk of nothing", map("1", "--chunk", "0"), /--chunk/],
  [
    "an unknown place",
    map("1", "--on", "moon"),
    /'--on <place>' argument 'moon' is invalid\. Allowed choices are event-loop, threads, processes, cluster\./,
  ],
  ["a cluster that is nowhere", map("1", "--on", "cluster"), "--on cluster needs --redis URL, or MANYHANDS_REDIS"],
  [
    "workers of a cluster",
    map("1", "--on", "cluster", "--redis", "redis://localhost", "--workers", "2"),
    "--workers, --concurrency and --max-memory are the agents' own: give them to manyhands worker",
  ],
  [
    "no URL of Redis",
    map("1", "--on", "cluster", "--redis", "localhost:6379"),
    'connection must be a URL such as "redis://host:6379", or options of ioredis ({ host, port, … })',
  ],
  [
    "an agent for nothing",
    ["worker", "--redis", "redis://localhost"],
    "name the modules whose functions this agent runs, or a folder of them: --root DIR",
  ],
  [
    "an agent for a module that is not there",
    ["worker", "./gone.mjs", "--redis", "redis://localhost"],
    "Cannot serve ./gone.mjs: it is neither a file nor a package here",
  ],
  ["an unknown format", map("--input", "n.txt", "--input-format", "xml"), /Allowed choices are lines, nul, csv/],
  ["a bad duration", map("1", "--timeout", "soon"), /'--timeout <time>' argument 'soon' is invalid\. A duration is/],
  ["no time at all", map("1", "--timeout", "0"), /longer than 0/],
  ["a bad rate", map("1", "--rate", "0/s"), /'--rate <n\/time>' argument '0\/s' is invalid/],
  ["a bad size", map("1", "--max-memory", "lots"), /A size is/],
  ["bad retries", map("1", "--retries", "-1"), /at least 0/],
  ["a bad halt", map("1", "--halt", "fail"), /never, now,fail=N/],
  ["backoff without retries", map("1", "--backoff", "1s"), "--backoff needs --retries N"],
  ["resuming without a log", map("1", "--resume"), "--resume needs --joblog FILE"],
  ["two outputs", map("1", "--output", "o", "--out-dir", "d"), "--output and --out-dir exclude each other"],
  ["log and output in one file", map("1", "--output", "o", "--joblog", "o"), /cannot be the same file/],
  ["workers on the event loop", map("1", "--on", "event-loop", "--workers", "2"), /single worker: use --concurrency/],
  [
    "a memory limit on the event loop",
    map("1", "--on", "event-loop", "--max-memory", "1GB"),
    /--max-memory needs workers/,
  ],
  ["an unknown placeholder", map("1", "--out-dir", "d/{name}.json"), /there is no \{name\}/],
  ["axes without --matrix", map("1", ":::", "2"), "::: separates the axes of --matrix"],
  ["a missing input file", map("--input", "gone.txt"), "cannot read gone.txt: no such file or directory"],
  [
    "a missing second input file",
    map("--input", "n.txt", "--input", "gone.txt"),
    "cannot read gone.txt: no such file or directory",
  ],
  ["a directory as input", map("--input", "folder"), "cannot read folder: it is a directory"],
  ["standard input twice", map("--input", "-", "--input", "-"), /can be read only once/],
  ["a short CSV row", map("--input", "short.csv"), /^short\.csv:3: Invalid Record Length/],
  ["an open quote in a CSV", map("--input", "open.csv"), /^open\.csv:\d: Quote Not Closed/],
  ["a column twice", map("--input", "twice.csv"), 'twice.csv:1: the header names the column "a" twice'],
  ["a bad JSON line", map("--input", "bad.jsonl"), /^bad\.jsonl:3: not valid JSON: Unexpected end/],
  ["bad JSON", map("--input", "bad.json"), /^bad\.json:3: not valid JSON/],
  ["JSON that is no array", map("--input", "object.json"), /needs one array/],
  ["bytes that are no text", map("--input", "binary.txt"), "binary.txt:2: not valid UTF-8"],
  ["a string to spread", map("--spread", "--input", "n.txt"), 'n.txt: --spread needs arrays, but input 1 is "1"'],
  ["an output in no directory", map("1", "--output", "no/dir/o"), "cannot write no/dir/o: no such file or directory"],
  ["an output that is a directory", map("1", "--output", "folder"), "cannot write folder: it is a directory"],
  [
    "a log in no directory",
    map("1", "--output", "o", "--joblog", "no/log"),
    "cannot write no/log: no such file or directory",
  ],
  [
    "resuming from something else",
    map("1", "--joblog", "not-a-log", "--resume"),
    "not-a-log:1: not a job log of manyhands",
  ],
  ["comparing nothing", ["compare", `${FUNCTIONS}#echo`, "--input", "empty"], /there are no inputs/],
  ["zero rounds", ["compare", `${FUNCTIONS}#echo`, "1", "--rounds", "0"], /--rounds/],
];

/** Output and log are asked for wherever the row does not say otherwise, to see that they do not appear. */
function withOutputs(args: readonly string[]): readonly string[] {
  if (args[0] !== "map" || args.includes("--output") || args.includes("--out-dir")) return args;
  return [...args, "--output", "out.jsonl", ...(args.includes("--joblog") ? [] : ["--joblog", "log"])];
}

test.each(ROWS)("%s", async (_name, args, message) => {
  const cwd = testDirectory();
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(cwd, name), content);
  writeFileSync(join(cwd, "binary.txt"), Buffer.from([0x6f, 0x6b, 0x0a, 0xff, 0xfe, 0x0a]));
  writeFileSync(join(cwd, "empty"), "");
  mkdirSync(join(cwd, "folder"));
  const before = readdirSync(cwd, { recursive: true });
  // "resuming without a log" is about the log that is not there.
  const end = await manyhands(args.includes("--resume") ? args : withOutputs(args), { cwd });
  expect(end.stderr).toMatch(/^manyhands: [^\n]+\n$/);
  const said = end.stderr.slice("manyhands: ".length, -1);
  if (typeof message === "string") expect(said).toBe(message);
  else expect(said).toMatch(message);
  expect(end).toMatchObject({ code: 2, stdout: "" });
  expect(readdirSync(cwd, { recursive: true })).toEqual(before);
});

test("malformed input far behind ends the run: what ran is logged, no output file appears", async () => {
  const cwd = testDirectory();
  const good = Array.from({ length: 60_000 }, (_, index) => `${index}`).join("\n");
  writeFileSync(join(cwd, "in.jsonl"), `${good}\n{oops\n`);
  const args = ["map", `${FUNCTIONS}#echo`, "--input", "in.jsonl", "--output", "out.jsonl", "--joblog", "log"];
  const end = await manyhands([...args, "--no-progress"], { cwd });
  expect(end.code).toBe(2);
  expect(end.stderr).toMatch(/^manyhands: in\.jsonl:60001: not valid JSON: [^\n]+\n$/);
  expect(readdirSync(cwd).sort()).toEqual(["in.jsonl", "log"]);
});

test("--help and --version are no errors, and say the exit codes", async () => {
  const cwd = testDirectory();
  const help = await manyhands(["map", "--help"], { cwd });
  expect(help).toMatchObject({ code: 0, stderr: "" });
  for (const text of ["Exit codes", "130", "143", "--resume-failed", "jsonl", "that are JSON"])
    expect(help.stdout).toContain(text);
  const version = await manyhands(["--version"], { cwd });
  expect(version).toMatchObject({ code: 0, stderr: "" });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await manyhands([], { cwd })).toMatchObject({ code: 2, stdout: "" });
});
