/** docs/crawling.md and the README of @manyhands/crawler: their programs compile strictly, and do on a local site what they say. */
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { node } from "./conformance/support.js";
import { startWeb } from "./crawl-web.js";
import { folder } from "./keeping.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

/** The programs of a page that crawl. */
function programsOf(page: string): string[] {
  const text = readFileSync(join(REPOSITORY, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = ""]) => code)
    .filter((code) => code.includes("crawl("));
}

/** The same program for a site of this machine: only where it begins and what it may reach are others. */
const onSite = (code: string, seed: string): string =>
  code.replaceAll('crawl("https://example.org/", {', `crawl("${seed}", { access: "private-too", delay: 0, `);

test.each(["docs/crawling.md", "packages/crawler/README.md"])(
  "the programs of %s compile strictly and run",
  { timeout: 60_000 },
  async (page) => {
    await using web = await startWeb({ pages: 20, manner: "plain" });
    const [place, programs] = [folder(), programsOf(page)];
    expect(programs.length).toBeGreaterThan(0);
    symlinkSync(join(REPOSITORY, "node_modules"), join(place, "node_modules"));
    writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
    const compilerOptions = {
      ...{
        strict: true,
        skipLibCheck: true,
        noUnusedLocals: true,
        target: "es2022",
        module: "nodenext",
        types: ["node"],
      },
      ...{ lib: ["es2023", "esnext.disposable"], rootDir: ".", outDir: "built" },
    };
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    for (const [index, code] of programs.entries())
      writeFileSync(join(place, `${index}.ts`), onSite(code, web.plan.seed));
    const compiler = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
    expect(spawnSync(process.execPath, [compiler, "-p", place], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stdout: "",
    });
    for (const index of programs.keys()) {
      const { code, stderr } = await node([join(place, "built", `${index}.js`)], { cwd: place }).ended;
      expect([code, stderr]).toEqual([0, ""]);
    }
  },
);
