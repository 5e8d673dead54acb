/** The dashboard's page in a browser, told by a server that says what the test wants. */
import { describe, expect, test } from "vitest";
import type { FailureGroup, Picture } from "../packages/server/src/dashboard/protocol.js";
import { live, opened, pixelsLike, until, violations } from "./dashboard-browser.js";
import { barOf, functionOf, pictureOf, runningOf, workerOf } from "./dashboard-pictures.js";
import { StandIn } from "./dashboard-stand-in.js";

const SLOW = 60_000;
/** Of the light theme. */
const RED = [200, 16, 46] as const;

const FAILURE: FailureGroup = {
  id: 0,
  fn: 0,
  name: "TypeError",
  code: "E_MINE",
  message: "It broke",
  stack: "TypeError: It broke\n    at work (tasks.js:1:1)",
  count: 1,
  retried: 0,
  firstAt: 900,
  lastAt: 900,
  calls: [3],
};

const SAMPLES = Array.from({ length: 40 }, (_, place) => ({
  at: place * 150,
  perSecond: place,
  failedPerSecond: place % 3,
  waiting: place,
  atWorkers: 2,
  busyWorkers: 2,
  wait: place % 5 === 0 ? null : { p50: 1, p95: 2, p99: 3 },
  run: { p50: 10, p95: 20, p99: 30 },
}));

/** A picture in which every part of the page has something to show. */
function full(more: Partial<Picture> = {}): Picture {
  return pictureOf({
    at: 6000,
    totals: { submitted: 10, succeeded: 5, failed: 1, cancelled: 1, retried: 1, crashes: 1 },
    workers: [
      workerOf(0, { state: "busy", held: 1, current: { call: 9, fn: 0, startedAt: 5000 } }),
      workerOf(1, {
        restarts: 1,
        lastCrash: { at: 100, worker: "threads-2", exitCode: 134, signal: null, cause: "out of memory" },
      }),
    ],
    functions: [functionOf(0, "work", { succeeded: 5 }), functionOf(1, "file:///srv/tasks.js#other", { failed: 1 })],
    running: [runningOf(9, { startedAt: 5000 })],
    waiting: [{ call: 10, fn: 1, executor: 1, submittedAt: 2000 }],
    bars: [
      barOf(1, { startedAt: 500, duration: 900 }),
      barOf(2, { row: 1, startedAt: 600, duration: 2000, fn: 1 }),
      barOf(4, { row: 1, startedAt: 3000, duration: 500, outcome: "cancelled" }),
    ],
    samples: SAMPLES,
    slow: [{ call: 2, fn: 1, attempt: 1, worker: "threads-2", startedAt: 600, duration: 2000 }],
    failures: [FAILURE],
    ...more,
  });
}

describe("the task stream", () => {
  test("moves with what is told; a failure turns red, in the picture and in the lists", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, pictureOf());
    const page = await opened(server.url, { colorScheme: "light" });
    await live(page);
    await until(page, `document.querySelector("#stream-canvas").dataset.bars === "0"`);
    server.change({ at: 1200, bars: [barOf(1, { startedAt: 900, duration: 250 })] });
    await until(page, `document.querySelector("#stream-canvas").dataset.bars === "1"`);
    expect(await pixelsLike(page, RED)).toBe(0);
    server.change({
      at: 1500,
      bars: [barOf(3, { row: 1, startedAt: 1000, duration: 450, outcome: "failed", failure: 0 })],
      failures: [FAILURE],
      totals: { submitted: 2, succeeded: 1, failed: 1, cancelled: 0, retried: 0, crashes: 0 },
    });
    await until(page, `document.querySelector("#stream-canvas").dataset.failed === "1"`);
    await until(page, `document.querySelector('[data-tile="failed"] dd').textContent === "1"`);
    await page.locator('[data-failure="0"]').waitFor();
    while ((await pixelsLike(page, RED)) === 0) await page.evaluate("new Promise(requestAnimationFrame)");
  });

  test("stands still while it is paused, and shows what it missed when it goes on", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, pictureOf());
    const page = await opened(server.url);
    await live(page);
    await page.locator('[data-do="pause"]').click();
    await until(page, `document.querySelector("#stream-canvas").dataset.view === "held"`);
    server.change({
      at: 2000,
      bars: [barOf(1, { startedAt: 1500 }), barOf(2, { startedAt: 1600 })],
      totals: { submitted: 2, succeeded: 2, failed: 0, cancelled: 0, retried: 0, crashes: 0 },
    });
    // The rest of the page goes on: so the message has come.
    await until(page, `document.querySelector('[data-tile="succeeded"] dd').textContent === "2"`);
    expect(await page.locator("#stream-canvas").getAttribute("data-bars")).toBe("0");
    await page.getByText("Halted, 2 newer").waitFor();
    await page.locator('[data-do="pause"]').click();
    await until(page, `document.querySelector("#stream-canvas").dataset.bars === "2"`);
  });

  test("is worked with by keys alone", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const page = await opened(server.url);
    await live(page);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.className")).toBe("skip");
    for (let tabs = 0; tabs < 20 && (await page.evaluate("document.activeElement.id")) !== "stream-canvas"; tabs += 1) {
      await page.keyboard.press("Tab");
    }
    expect(await page.evaluate("document.activeElement.id")).toBe("stream-canvas");
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await page.keyboard.press("ArrowLeft");
    const details = page.locator('[data-part="details"]');
    await details.getByText("cancelled").waitFor();
    await page.keyboard.press("ArrowLeft");
    await details.getByText("2.00 s").waitFor();
    await page.keyboard.press("ArrowUp");
    await details.getByText("900 ms").waitFor();
    await page.keyboard.press("Space");
    await until(page, `document.querySelector("#stream-canvas").dataset.view === "held"`);
    await page.keyboard.press("End");
    await until(page, `document.querySelector("#stream-canvas").dataset.view === "following"`);
    await page.keyboard.press("Shift+ArrowLeft");
    await until(page, `document.querySelector("#stream-canvas").dataset.view === "held"`);
    await page.keyboard.press("Escape");
    await until(page, `document.querySelector('[data-part="details"]').textContent === ""`);
  });

  test("has the same as a table behind it, as each chart has", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const page = await opened(server.url);
    await live(page);
    await page.locator('[data-do="bar-table"]').click();
    await page.locator('[data-table="bars"] tbody tr').nth(2).waitFor();
    expect(await page.locator('[data-table="bars"] tbody tr').first().textContent()).toContain("cancelled");
    for (const part of ["throughput", "queue", "wait", "run", "errors"]) {
      await page.locator(`[data-chart="${part}"] button`).click();
      await page.locator(`[data-table="${part}"] tbody tr`).first().waitFor();
    }
    expect(await page.locator('[data-table="queue"] tbody tr').first().textContent()).toMatch(/39.*2$/);
  });

  test("shows details of the bar that is clicked", { timeout: SLOW }, async () => {
    const bars = [
      barOf(7, { startedAt: -20_000, submittedAt: -20_000, duration: 40_000, outcome: "failed", failure: 0 }),
    ];
    const server = await StandIn.at(0, full({ bars, running: [] }));
    const page = await opened(server.url);
    await live(page);
    await page.locator("#stream-canvas").click({ position: { x: 500, y: 8 } });
    await page.locator('[data-part="details-error"]').getByText("It broke").waitFor();
  });
});

describe("actions", () => {
  test("go to the server, and their answers are shown", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const page = await opened(server.url);
    await live(page);
    await page.locator('[data-table="workers"] [data-cancel="9"]').click();
    await page.locator('[data-notice="done"]').waitFor();
    await page.locator('[data-do="pause-executor"]').click();
    await page.locator('[name="size"]').fill("5");
    await page.keyboard.press("Enter");
    await page.getByText("Resized.").waitFor();
    expect(server.actions).toEqual([
      { action: "cancel", call: 9 },
      { action: "pause", executor: 1 },
      { action: "resize", executor: 1, size: 5 },
    ]);
    server.change({ at: 7000, running: [runningOf(-1)] });
    await page.locator('[data-table="running"] [data-cancel="-1"]').click();
    await page.locator('[data-notice="refused"]').getByText("ERR_NO_CALL").waitFor();
  });

  test("carry the token, which is taken out of the address", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full(), "secret token ü");
    const page = await opened(`${server.url}#token=${encodeURIComponent("secret token ü")}`);
    await live(page);
    expect(page.url()).toBe(server.url);
    await page.reload();
    await live(page);
    expect([...(server.streams[0]?.keys() ?? [])]).toEqual([]);
  });

  test("want the token, which is asked for and asked for again when it is wrong", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full(), "right-token");
    const page = await opened(server.url);
    await page.getByText("This server wants its token.").waitFor();
    await page.locator("#token").fill("wrong-token");
    await page.keyboard.press("Enter");
    await page.getByText("That is not this server's token.").waitFor();
    await page.locator("#token").fill("right-token");
    await page.keyboard.press("Enter");
    await live(page);
    await page.locator('[data-table="workers"] [data-cancel="9"]').click();
    await page.locator('[data-notice="done"]').waitFor();
  });
});

describe("the connection", () => {
  test("outlives a server that is started again, whose picture is a new one", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const { port, url } = server;
    const page = await opened(url);
    await live(page);
    await server.close();
    await page.locator('[data-banner="lost"]').waitFor();
    // What was known stays in sight.
    expect(await page.locator('[data-table="workers"] tbody tr').count()).toBe(2);
    const again = await StandIn.at(port, full({ hub: "two", workers: [workerOf(0)], bars: [] }));
    await live(page);
    await page.locator('[data-banner="lost"]').waitFor({ state: "detached" });
    await until(page, `document.querySelectorAll('[data-table="workers"] tbody tr').length === 1`);
    expect(again.streams[0]?.get("hub")).toBe("one");
    expect(again.streams[0]?.get("after")).toBe("1");
  });

  test("asks for a new picture when a message is missing", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, pictureOf());
    const page = await opened(server.url);
    await live(page);
    server.change({ at: 1500, bars: [barOf(1, { startedAt: 1000 })] }, 2);
    await until(page, `document.querySelector("#stream-canvas").dataset.bars === "1"`);
    expect(server.streams.map((query) => query.get("after"))).toEqual([null, null]);
  });

  test("says so when the page was too slow", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, pictureOf());
    const page = await opened(server.url);
    await live(page);
    server.show(pictureOf({ at: 9000 }), 40);
    await page.locator('[data-banner="behind"]').getByText("40").waitFor();
    await page.locator('[data-banner="behind"] button').click();
    await page.locator('[data-banner="behind"]').waitFor({ state: "detached" });
  });

  test("ends with the run, whose last picture stays", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const page = await opened(server.url);
    await live(page);
    server.send({ type: "farewell", why: "run-ended" });
    await server.close();
    await page.locator('[data-banner="over"]').waitFor();
    expect(await page.locator('[data-part="status"]').textContent()).toContain("Ended");
    expect(await page.locator('[data-table="functions"] tbody tr').count()).toBe(2);
  });
});

describe("everybody", () => {
  test("is shown texts of users as texts", { timeout: SLOW }, async () => {
    const hostile = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
    const server = await StandIn.at(
      0,
      full({
        subject: { kind: "map", title: hostile, target: hostile },
        functions: [functionOf(0, hostile), functionOf(1, "__proto__")],
        workers: [
          workerOf(0, {
            name: hostile,
            lastCrash: { at: 1, worker: hostile, exitCode: 1, signal: null, cause: hostile },
          }),
        ],
        failures: [{ ...FAILURE, name: hostile, code: hostile, message: hostile, stack: hostile }],
      }),
    );
    const page = await opened(server.url);
    await live(page);
    await page.locator('[data-do="bar-table"]').click();
    await page.locator('[data-failure="0"] summary').click();
    expect(await page.locator("img, #page script").count()).toBe(0);
    expect(await page.locator('[data-failure="0"] .error-text').textContent()).toBe(hostile);
    expect(await page.locator('[data-table="functions"] tbody tr').first().textContent()).toContain(hostile);
    expect(await page.title()).toContain("<img src=x");
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`finds nothing in the way at any width, ${colorScheme}`, { timeout: SLOW }, async () => {
      const server = await StandIn.at(0, full());
      const page = await opened(server.url, { colorScheme, reducedMotion: "reduce" });
      await live(page);
      await page.locator('[data-do="bar-table"]').click();
      await page.locator('[data-chart="wait"] button').click();
      await page.locator('[data-failure="0"] summary').click();
      await page.locator("#stream-canvas").press("ArrowLeft");
      for (const width of [360, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await until(page, `document.documentElement.clientWidth === ${width}`);
        // Pictures are drawn anew a frame later.
        await until(page, `document.documentElement.scrollWidth === ${width}`);
        expect({ width, found: await violations(page) }).toEqual({ width, found: [] });
      }
    });
  }

  test("chooses between light and dark, for good", { timeout: SLOW }, async () => {
    const server = await StandIn.at(0, full());
    const page = await opened(server.url, { colorScheme: "light" });
    await live(page);
    await until(page, `document.documentElement.dataset.theme === "light"`);
    await page.locator('[data-do="theme"]').selectOption("dark");
    await until(page, `document.documentElement.dataset.theme === "dark"`);
    await page.reload();
    await live(page);
    await until(page, `document.documentElement.dataset.theme === "dark"`);
  });
});
