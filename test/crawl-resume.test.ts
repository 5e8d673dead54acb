/** A crawl that is killed goes on where it was: nothing twice in the output, and nothing lost. Real processes, real SIGKILL. */
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manyhands, startCommand, testDirectory } from "./cli-command.js";
import { numbersFrom } from "./crawl-plan.js";
import { startWeb, type Web } from "./crawl-web.js";

const argsOf = (web: Web, ...more: string[]): string[] => [
  ...["crawl", web.plan.seed, "--scope", "domain", "--allow-private", "--delay", "0", "--per-host", "16"],
  ...["--concurrency", "32", "--resume", "state", "--output", "pages.jsonl", "--no-progress", ...more],
];

interface Row {
  readonly url: string;
  readonly title: string;
}

const rowsIn = (cwd: string): Row[] =>
  readFileSync(join(cwd, "pages.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);

const foundBy = (rows: readonly Row[]): Map<string, string> => new Map(rows.map(({ url, title }) => [url, title]));

/** Kills the command when so many more requests have come. */
async function killedAfter(requests: number, web: Web, cwd: string): Promise<void> {
  const command = startCommand(argsOf(web), { cwd });
  let left = requests;
  web.onRequest = () => {
    left -= 1;
    if (left === 0) command.child.kill("SIGKILL");
    return undefined;
  };
  await command.end;
  web.onRequest = () => undefined;
}

test("killed ten times at random, it has found the same set in the end, each page once", {
  timeout: 120_000,
}, async () => {
  await using web = await startWeb({ pages: 2000, manner: "plain" });
  const [cwd, random] = [testDirectory(), numbersFrom(Number(process.env["CRAWL_SEED"] ?? 7))];
  for (let kill = 0; kill < 10; kill++) await killedAfter(1 + Math.floor(random() * 300), web, cwd);
  const before = rowsIn(cwd).length;
  expect(before).toBeLessThan(2000);
  const { code, stderr } = await manyhands(argsOf(web), { cwd });
  expect([code, stderr]).toEqual([0, "manyhands: 2000 pages of 2000 addresses, 0 failed; complete\n"]);
  const rows = rowsIn(cwd);
  expect(rows).toHaveLength(2000);
  expect(foundBy(rows)).toEqual(web.plan.pages);
  // Once more: there is nothing left to do, and nothing is asked for.
  const asked = [...web.asked.values()].reduce((sum, times) => sum + times, 0);
  await manyhands(argsOf(web), { cwd });
  expect(rowsIn(cwd)).toEqual(rows);
  expect([...web.asked.values()].reduce((sum, times) => sum + times, 0)).toBe(asked);
});

test("what was written of a page that the state does not know is cut off, and the page comes again", async () => {
  await using web = await startWeb({ pages: 30, manner: "plain" });
  const cwd = testDirectory();
  await manyhands(argsOf(web, "--max-pages", "10"), { cwd });
  expect(rowsIn(cwd)).toHaveLength(10);
  appendFileSync(join(cwd, "pages.jsonl"), `{"url":"http://half`);
  // The last line of the state is torn, as a kill in the middle of a write would leave it.
  const state = readFileSync(join(cwd, "state"));
  truncateSync(join(cwd, "state"), state.length - 5);
  await manyhands(argsOf(web), { cwd });
  expect(rowsIn(cwd)).toHaveLength(30);
  expect(foundBy(rowsIn(cwd))).toEqual(web.plan.pages);
});

test("CSV goes on under its header", async () => {
  await using web = await startWeb({ pages: 12, manner: "plain" });
  const cwd = testDirectory();
  const args = argsOf(web, "--format", "csv", "--select", "heading=h1");
  await manyhands([...args, "--max-pages", "5"], { cwd });
  const { code } = await manyhands(args, { cwd });
  const [header, ...rows] = readFileSync(join(cwd, "pages.jsonl"), "utf8").trimEnd().split("\n");
  expect([code, header]).toEqual([0, "url,heading"]);
  expect(new Map(rows.map((row) => row.split(",") as [string, string]))).toEqual(web.plan.pages);
  expect(rows).toHaveLength(12);
});

/** Spoils a file; what it returns are further arguments. */
function replaced(name: string, text: string): (cwd: string) => string[] {
  return (cwd) => {
    writeFileSync(join(cwd, name), text);
    return [];
  };
}

test.each([
  ["another crawl's", () => ["--scope", "host"], "belongs to another crawl"],
  ["no journal", replaced("state", "notes\n"), "is no journal of a crawl"],
  ["longer than its output", replaced("pages.jsonl", ""), "is shorter"],
])("a state that is %s is refused, and nothing is asked for", async (_, spoil, message) => {
  await using web = await startWeb({ pages: 10, manner: "plain" });
  const cwd = testDirectory();
  await manyhands(argsOf(web, "--max-pages", "3"), { cwd });
  const more = spoil(cwd);
  const asked = web.asked.size;
  const { code, stderr } = await manyhands(argsOf(web, ...more), { cwd });
  expect([code, web.asked.size]).toEqual([2, asked]);
  expect(stderr).toContain(message);
});

test("two runs at once on one state are refused", async () => {
  await using web = await startWeb({ pages: 10, manner: "plain" });
  const cwd = testDirectory();
  let arrived: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  web.onRequest = () => {
    arrived();
    return new Promise(() => undefined);
  };
  startCommand(argsOf(web), { cwd });
  await first;
  const { code, stderr } = await manyhands(argsOf(web), { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain("is in use by another run");
});
