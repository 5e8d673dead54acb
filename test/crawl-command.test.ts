/** `manyhands crawl`: what its options do, what it writes, how it ends. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CommandEnd, manyhands, startCommand, testDirectory } from "./cli-command.js";
import { startWeb, type Web } from "./crawl-web.js";
import { Listener } from "./dashboard-listener.js";

const RECORDS = fileURLToPath(new URL("./built/tasks/crawl-records.js", import.meta.url));

const argsOf = (web: Web, more: readonly string[]): string[] => [
  ...[
    "crawl",
    web.plan.seed,
    "--scope",
    "domain",
    "--allow-private",
    "--delay",
    "0",
    "--per-host",
    "16",
    "--no-progress",
  ],
  ...more,
];

const crawled = (web: Web, ...more: string[]): Promise<CommandEnd> =>
  manyhands(argsOf(web, more), { cwd: testDirectory() });

interface Row {
  readonly url: string;
  readonly [name: string]: unknown;
}

const rowsOf = ({ lines }: CommandEnd): Row[] => lines.map((line) => JSON.parse(line) as Row);
const byUrl = (rows: readonly Row[]): Row[] => rows.toSorted((a, b) => (a.url < b.url ? -1 : 1));

describe("a record", () => {
  test("says what a page is like, and standard error how it went", async () => {
    await using web = await startWeb({ pages: 30, manner: "plain" });
    const end = await crawled(web);
    expect([end.code, end.stderr]).toEqual([0, "manyhands: 30 pages of 30 addresses, 0 failed; complete\n"]);
    const [first] = rowsOf(end);
    expect(first).toEqual({
      ...{
        url: web.plan.seed,
        status: 200,
        title: "Page 0",
        links: expect.any(Number),
        textLength: expect.any(Number),
      },
      ...{ fetchMs: expect.any(Number), parseMs: expect.any(Number) },
    });
    expect(new Map(rowsOf(end).map(({ url, title }) => [url, title]))).toEqual(web.plan.pages);
  });

  test("is what selectors name, or what a function returns, the same with every engine", {
    timeout: 60_000,
  }, async () => {
    await using web = await startWeb({ pages: 40, manner: "plain" });
    for (const how of [
      ["--select", "heading=h1", "--select", "items[]=li"],
      ["--extract", `${RECORDS}#recordOf`],
    ]) {
      const ends: Row[][] = [];
      for (const engine of ["sequential", "event-loop", "threads"]) {
        const end = await crawled(web, "--engine", engine, ...how);
        expect([end.code, end.lines.length]).toEqual([0, 40]);
        ends.push(byUrl(rowsOf(end)));
      }
      expect(ends[1]).toEqual(ends[0]);
      expect(ends[2]).toEqual(ends[0]);
      expect(ends[0]!.find(({ url }) => url === web.plan.seed)).toMatchObject({ heading: "Page 0" });
    }
  });

  test("is a row of CSV, in a file that appears when it is whole", async () => {
    await using web = await startWeb({ pages: 10, manner: "plain" });
    const cwd = testDirectory();
    const end = await manyhands(argsOf(web, ["--output", "pages.csv", "--select", "title=title", "--depth", "0"]), {
      cwd,
    });
    expect([end.code, end.stdout]).toEqual([0, ""]);
    expect(readFileSync(join(cwd, "pages.csv"), "utf8")).toBe(`url,title\n${web.plan.seed},Page 0\n`);
  });
});

describe("limits", () => {
  test.each([
    [["--max-pages", "7"], 7],
    [["--depth", "0"], 1],
    [["--include", "/p/[0-9]$"], undefined],
    [["--exclude", "/p/[1-9]"], 1],
    [["--scope", "host"], undefined],
  ])("%j hold", async (more, count) => {
    await using web = await startWeb({ pages: 60, manner: "plain" });
    const rows = rowsOf(await crawled(web, ...more));
    if (count !== undefined) expect(rows).toHaveLength(count);
    if (more[0] === "--include") expect(rows.every(({ url }) => /\/p\/[0-9]$/.test(url))).toBe(true);
    if (more[0] === "--scope") expect(new Set(rows.map(({ url }) => new URL(url).host)).size).toBe(1);
    expect(rows.length).toBeLessThan(60);
  });

  test("without --allow-private this machine is not asked", async () => {
    await using web = await startWeb({ pages: 3, manner: "plain" });
    const { code, stdout, stderr } = await manyhands(["crawl", web.plan.seed, "--ignore-robots"], {
      cwd: testDirectory(),
    });
    expect([code, stdout, web.asked.size]).toEqual([1, "", 0]);
    expect(stderr).toContain("--allow-private");
  });
});

test("--compare prints one table for the engines, who must agree", { timeout: 60_000 }, async () => {
  await using web = await startWeb({ pages: 60, manner: "plain" });
  const { code, lines } = await crawled(web, "--compare", "--workers", "2");
  expect(code).toBe(0);
  expect(lines[0]).toMatch(/× 60 inputs, .*, all results agree$/);
  for (const row of ["one after another", "event loop", "threads"])
    expect(lines.join("\n")).toMatch(new RegExp(`^${row} `, "m"));
});

test("--dashboard shows where pages are read, and how many have come", { timeout: 60_000 }, async () => {
  await using web = await startWeb({ pages: 40, manner: "plain" });
  let go = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    go = resolve;
  });
  let count = 0;
  web.onRequest = () => {
    count += 1;
    return count > 20 ? seen : undefined;
  };
  const command = startCommand(argsOf(web, ["--engine", "threads", "--dashboard"]), { cwd: testDirectory() });
  let stderr = "";
  command.child.stderr.on("data", (text: string) => {
    stderr += text;
  });
  await command.said("dashboard: http");
  const page = new Listener(/http:\S+/.exec(stderr)?.[0] ?? "");
  const picture = await page.sees(
    ({ totals, progress }) => totals.succeeded >= 10 && (progress?.done ?? 0) >= 10,
    "10",
  );
  expect(picture.workers.every(({ name }) => name.startsWith("threads"))).toBe(true);
  expect(picture.functions).toHaveLength(1);
  go();
  expect(await command.end).toMatchObject({ code: 0, lines: { length: 40 } });
});

test("--dashboard needs an executor to show", async () => {
  const args = ["crawl", "http://localhost/", "--engine", "sequential", "--dashboard"];
  const end = await manyhands(args, { cwd: testDirectory() });
  expect([end.code, end.stderr]).toEqual([2, expect.stringContaining("leave --engine sequential and --compare out")]);
});

test("Ctrl-C lets pages under way come, and ends with 130; the state knows what is left", async () => {
  await using web = await startWeb({ pages: 200, manner: "plain" });
  const cwd = testDirectory();
  const args = argsOf(web, ["--resume", "state", "--output", "pages.jsonl"]);
  const command = startCommand(args, { cwd });
  let count = 0;
  web.onRequest = () => {
    count += 1;
    if (count === 40) command.child.kill("SIGINT");
    return undefined;
  };
  const { code, stderr } = await command.end;
  expect(code).toBe(130);
  expect(stderr).toMatch(/; drained\n$/);
  expect((await manyhands(args, { cwd })).code).toBe(0);
  const rows = readFileSync(join(cwd, "pages.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
  expect(rows).toHaveLength(200);
  expect(new Map(rows.map(({ url, title }) => [url, title]))).toEqual(web.plan.pages);
});

test("SIGTERM ends it at once, with 143; what there is, is in FILE.partial", async () => {
  await using web = await startWeb({ pages: 200, manner: "plain" });
  const cwd = testDirectory();
  const command = startCommand(argsOf(web, ["--output", "pages.jsonl"]), { cwd });
  let count = 0;
  web.onRequest = () => {
    count += 1;
    if (count === 60) command.child.kill("SIGTERM");
    // What comes after is never answered: nobody waits for it.
    return count < 60 ? undefined : new Promise(() => undefined);
  };
  const { code, stderr } = await command.end;
  expect(code).toBe(143);
  expect(stderr).toMatch(/the records so far are in pages\.jsonl\.partial\n.*; stopped\n$/);
  expect(existsSync(join(cwd, "pages.jsonl"))).toBe(false);
  expect(readFileSync(join(cwd, "pages.jsonl.partial"), "utf8").trimEnd().split("\n").length).toBeGreaterThan(0);
});

describe("wrong usage is told in one line, exit code 2", () => {
  test.each([
    [["crawl"], "missing required argument 'url'"],
    [["crawl", "site.example"], "is no address of a page"],
    [["crawl", "http://s.example", "--scope", "planet"], "Allowed choices are host, domain, prefix, any"],
    [["crawl", "http://s.example", "--select", "h1"], "It must be a name and a selector"],
    [["crawl", "http://127.0.0.1:1", "--select", "a=h1["], "select: a has no CSS selector"],
    [["crawl", "http://s.example", "--include", "("], "Invalid regular expression"],
    [["crawl", "http://s.example", "--select", "a=b", "--extract", "x#y"], "exclude each other"],
    [["crawl", "http://s.example", "--extract", "./none.js#f"], "cannot find module ./none.js"],
    [["crawl", "http://s.example", "--engine", "sequential", "--concurrency", "4"], "leave --concurrency out"],
    [["crawl", "http://s.example", "--compare", "--resume", "x"], "leave --output and --resume out"],
    [["crawl", "http://s.example", "--resume", "/no/such/folder/state"], "cannot write /no/such/folder/state"],
    [["crawl", "http://s.example", "--output", "/no/such/folder/x"], "cannot write /no/such/folder/x"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await manyhands(args, { cwd: testDirectory() });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
