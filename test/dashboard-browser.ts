/** Debian's Chromium for the tests of the dashboard's page, one for a test file. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, expect } from "vitest";
import { later } from "./keeping.js";

let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
});

function executable(): string {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    if (stdout.trim() !== "") return stdout.trim();
  }
  throw new Error(
    "These tests need a browser, and there is no chromium in the PATH: run tools/setup, which installs it",
  );
}

/** A page of the test's own. What it writes to the console as an error, and what it throws, fails the test. */
export async function opened(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const context = await (await browser).newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    // Chromium itself reports a server that is away.
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      wrong.push(message.text());
    }
  });
  later(async () => {
    await context.close();
    expect(wrong).toEqual([]);
  });
  await page.goto(url);
  return page;
}

/** Waits until the page shows a picture of a server that answers. */
export async function live(page: Page): Promise<void> {
  await page.waitForSelector('[data-part="status"][data-link="live"]');
  await page.waitForSelector("#stream-canvas");
}

/** What axe-core has to say against the page. */
export async function violations(page: Page): Promise<readonly unknown[]> {
  // By the protocol of the browser, which the page's policy does not bind.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    const axe = Reflect.get(globalThis, "axe") as {
      run(
        options: object,
      ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
    };
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
    }));
  });
}

/** How many pixels of the stream have a colour like this. In words for the browser, whose names Node's compiler does not know. */
export function pixelsLike(page: Page, [red, green, blue]: readonly [number, number, number]): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector("#stream-canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      const far = [${red}, ${green}, ${blue}].some((part, place) => Math.abs(data[at + place] - part) > 12);
      if (!far && data[at + 3] > 200) found += 1;
    }
    return found;
  })()`);
}

/** Waits until something is so in the page: an expression in JavaScript. */
export async function until(page: Page, expression: string): Promise<void> {
  // As a function, which is put there once: the page's policy forbids to evaluate texts again and again.
  await page.waitForFunction(new Function(`return ${expression}`) as () => unknown);
}
