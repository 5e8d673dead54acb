/** docs/asyncio.md: every program on that page compiles strictly, runs, and prints what the page says. So does the example of
 *  tasks in README.md.
 *
 *  A section says first what all its programs print; where one prints something else, that stands behind it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, node } from "./conformance/support.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const COLUMNS = [
  ["asyncio"],
  ["manyhands"],
  ["plain promises"],
  ["p-limit", "p-queue", "p-limit, p-queue"],
  ["Effect"],
];

interface Snippet {
  readonly section: string;
  readonly column: string;
  readonly language: "ts" | "python";
  readonly code: string;
  /** What it prints; `undefined` until it is known. */
  prints: string | undefined;
}

interface Section {
  readonly title: string;
  readonly snippets: Snippet[];
  /** Columns of which the page says that they have nothing of their own. */
  readonly without: string[];
  prints: string | undefined;
}

/** The numbered sections of the page. */
function sectionsOf(page: string): Section[] {
  return page
    .split(/^## (?=\d+\. )/m)
    .slice(1)
    .map((text) => sectionOf(text.split(/^## /m)[0] ?? ""));
}

function sectionOf(text: string): Section {
  const section: Section = { title: text.split("\n")[0] ?? "", snippets: [], without: [], prints: undefined };
  let column = "";
  for (const [, bold, more, language, code = ""] of text.matchAll(
    /^\*\*([^*\n]+)\*\*(: nothing of their own[^\n]*)?$|^```(\w+)\n(.*?)^```$/gms,
  )) {
    if (bold !== undefined) {
      column = bold;
      if (more !== undefined) section.without.push(column);
    } else if (language === "ts" || language === "python") {
      section.snippets.push({ section: section.title, column, language, code, prints: section.prints });
    } else {
      const last = section.snippets.at(-1);
      if (last === undefined) section.prints = code;
      else last.prints = code;
    }
  }
  return section;
}

const sections = sectionsOf(readFileSync(join(REPOSITORY, "docs", "asyncio.md"), "utf8"));
const snippets = sections.flatMap((section) => section.snippets);

/** The programs of the README that its section on tasks is about, by file. */
function readmePrograms(): Record<string, string> {
  const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
  const section = readme.split("## Tasks: `manyhands/asyncio`")[1]?.split("\n## ")[0] ?? "";
  const [tasks, primes] = [
    /```ts\n(.*?)```/s.exec(section)?.[1],
    /```ts\n(\/\/ primes\.ts\n.*?)```/s.exec(readme)?.[1],
  ];
  if (tasks === undefined || primes === undefined)
    throw new Error("README.md lacks its example of tasks, or primes.ts");
  return { "readme.ts": tasks, "primes.ts": primes };
}

const fileOf = ({ section, column }: Snippet): string => `${section.split(".")[0]}-${column.replace(/\W+/g, "-")}`;

/** The version of Python that has all of it, if there is one. */
function pythonAtHand(): string | undefined {
  const { status } = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
  if (status === 0) return "python3";
  console.warn("docs/asyncio.md: its Python programs are left out, since there is no python3 of 3.11 or later");
  return undefined;
}
const python = pythonAtHand();

let place = "";
let compiled = { status: null as number | null, stdout: "" };

beforeAll(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), "manyhands-docs-")));
  symlinkSync(join(REPOSITORY, "node_modules"), join(place, "node_modules"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
  mkdirSync(join(place, "built"));
  for (const snippet of snippets) {
    if (snippet.language === "ts") writeFileSync(join(place, `${fileOf(snippet)}.ts`), snippet.code);
    else writeFileSync(join(place, `${fileOf(snippet)}.py`), snippet.code);
  }
  for (const [name, code] of Object.entries(readmePrograms())) writeFileSync(join(place, name), code);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    skipLibCheck: true,
    rootDir: ".",
    outDir: "built",
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
  };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const compiler = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
  compiled = spawnSync(process.execPath, [compiler, "-p", place], { encoding: "utf8" });
}, 120_000);

afterAll(() => rmSync(place, { recursive: true }));

function runPython(snippet: Snippet): Ended {
  const { status, signal, stdout, stderr } = spawnSync("python3", [join(place, `${fileOf(snippet)}.py`)], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, signal, stdout, stderr };
}

/** How a program ends that is not meant to end by itself, and well. */
function endOf({ section, column }: Snippet): Pick<Ended, "code" | "signal"> {
  if (section.includes("Ctrl-C")) return { code: null, signal: "SIGINT" };
  // Node's exit code for a program whose top-level await can never end.
  if (section.includes("hangs") && ["plain promises", "Effect"].includes(column)) return { code: 13, signal: null };
  return { code: 0, signal: null };
}

test("the page has eleven sections, and in each all columns, or says that one has nothing of its own", () => {
  expect(sections).toHaveLength(11);
  for (const { title, snippets: own, without } of sections) {
    const columns = [...own.map((snippet) => snippet.column), ...without];
    const missing = COLUMNS.filter((names) => !names.some((name) => columns.includes(name)));
    expect([title, missing, columns.length]).toEqual([title, [], COLUMNS.length]);
  }
});

test("its programs compile strictly", () => {
  expect(compiled).toMatchObject({ status: 0, stdout: "" });
});

test("the example of the README prints each number once, and last that all has ended", async () => {
  const { code, stdout, stderr } = await node([join(place, "built", "readme.js")]).ended;
  const lines = stdout.split("\n").filter((line) => line !== "");
  expect({ code, stderr, last: lines.pop() }).toEqual({ code: 0, stderr: "", last: "all tasks have ended" });
  const numbers = lines.map((line) => line.replace(/^(left|right) /, ""));
  expect(numbers.sort()).toEqual(["2 true", "3 true", "4 false", "5 true"]);
});

describe.each(sections.map((section) => [section.title, section.snippets] as const))("%s", (_title, own) => {
  const runnable = own.filter(({ language }) => language === "ts" || python !== undefined);
  test.each(runnable.map((snippet) => [snippet.column, snippet] as const))("%s", async (_column, snippet) => {
    const ended =
      snippet.language === "ts"
        ? await node([join(place, "built", `${fileOf(snippet)}.js`)]).ended
        : runPython(snippet);
    const { code, signal, stdout } = ended;
    expect({ stdout, code, signal }, ended.stderr).toEqual({ stdout: snippet.prints, ...endOf(snippet) });
  });
});
