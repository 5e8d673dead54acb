/** The dashboard from end to end: a real pool, the real server, its page in a browser. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dashboard, serve } from "@manyhands/server";
import { ThreadPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { FUNCTIONS, startCommand, testDirectory } from "./cli-command.js";
import { made, within } from "./conformance/support.js";
import { live, opened, pixelsLike, until, violations } from "./dashboard-browser.js";
import { folder, keep, later, newGate } from "./keeping.js";
import { call, SERVING, type Started, started } from "./server-support.js";

const SLOW = 60_000;
/** Of the light theme. */
const RED = [200, 16, 46] as const;

const shown = (more: Parameters<typeof started>[0] = {}): Promise<Started> =>
  started({ root: dashboard({ title: "serving.js" }), ...more });

test("the stream moves while calls run; one that fails turns red", { timeout: SLOW }, async () => {
  const { url } = await shown();
  const page = await opened(url, { colorScheme: "light" });
  await live(page);
  for (let sent = 1; sent <= 3; sent += 1) {
    await call(url, "workedEcho", [sent]);
    await until(page, `document.querySelector("#stream-canvas").dataset.bars === "${sent}"`);
  }
  expect(await pixelsLike(page, RED)).toBe(0);
  await call(url, "fail", ["<b>broken</b>"]);
  await until(page, `document.querySelector("#stream-canvas").dataset.failed === "1"`);
  while ((await pixelsLike(page, RED)) === 0) await page.evaluate("new Promise(requestAnimationFrame)");
  await page.locator(".error-message").getByText("<b>broken</b>").waitFor();
  expect(await violations(page)).toEqual([]);
});

test("Cancel stops a call that runs, also one that never looks", { timeout: SLOW }, async () => {
  const { url, executor } = await shown({ grace: 10 });
  const page = await opened(url);
  await live(page);
  const log = join(folder(), "started");
  const answer = call(url, "spin", [log]);
  await made(log);
  await page.locator('[data-table="running"] [data-cancel]').click();
  await page.locator('[data-notice="done"]').waitFor();
  expect(await within(answer, "the answer to the call")).toMatchObject({
    status: 503,
    body: { code: "ERR_CANCELLED" },
  });
  expect(executor.stats()).toMatchObject({ running: 0 });
  await until(page, `document.querySelector('[data-tile="cancelled"] dd').textContent === "1"`);
});

test("Pause holds calls back until Resume; Resize changes the pool", { timeout: SLOW }, async () => {
  const pool = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
  const { url } = await shown({ executor: pool });
  const page = await opened(url);
  await live(page);
  await page.locator('[data-do="pause-executor"]').click();
  await page.locator('[data-do="resume-executor"]').waitFor();
  expect(pool.flow).toBe("paused");
  const answer = call(url, "add", [1, 2]);
  await page.locator('[data-table="waiting"] tbody tr').waitFor();
  await page.locator('[data-do="resume-executor"]').click();
  expect(await answer).toMatchObject({ status: 200, body: 3 });
  await page.locator('[name="size"]').fill("3");
  await page.keyboard.press("Enter");
  await page.getByText("Resized.").waitFor();
  expect(pool.size).toBe(3);
});

test("a call that runs is shown with its function and its worker", { timeout: SLOW }, async () => {
  const { url } = await shown();
  const page = await opened(url);
  await live(page);
  const gate = await newGate();
  const answer = call(url, "gated", [gate.path, "one"]);
  const row = page.locator('[data-table="running"] tbody tr');
  await row.waitFor();
  expect(await row.textContent()).toMatch(/gated.*threads?-\d/i);
  await until(page, `document.querySelector("#stream-canvas").dataset.open === "1"`);
  gate.open();
  await answer;
  await until(page, `document.querySelector("#stream-canvas").dataset.open === "0"`);
});

test("the page outlives a restart of the server", { timeout: SLOW }, async () => {
  const { server, url, executor } = await shown();
  const page = await opened(url);
  await live(page);
  await call(url, "workedEcho", [1]);
  await until(page, `document.querySelector("#stream-canvas").dataset.bars === "1"`);
  await server.close();
  await page.locator('[data-banner="lost"]').waitFor();
  const again = await serve({
    modules: [SERVING],
    executor,
    port: Number(new URL(url).port),
    root: dashboard(),
  });
  later(() => within(again.close(), "close()"));
  await live(page);
  await until(page, `document.querySelector("#stream-canvas").dataset.bars === "0"`);
  await call(url, "workedEcho", [1]);
  await until(page, `document.querySelector("#stream-canvas").dataset.bars === "1"`);
});

test("with a token, nothing is told without it, and all is done with it", { timeout: SLOW }, async () => {
  const token = "token-of-this-test";
  const { url } = await shown({ token });
  for (const path of ["stream", "export/trace.json", "export/report.html"]) {
    expect((await fetch(`${url}/dashboard/${path}`)).status).toBe(401);
  }
  expect((await fetch(`${url}/dashboard/actions`, { method: "POST" })).status).toBe(401);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const ask = async (body: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}/dashboard/actions`, { method: "POST", headers, body: JSON.stringify(body) });
    const told = (await answer.json()) as { code?: string; done?: string };
    return [answer.status, told.code ?? told.done];
  };
  expect(await ask({ action: "cancel", call: 999_999 })).toEqual([404, "ERR_NO_CALL"]);
  expect(await ask({ action: "pause", executor: 999_999 })).toEqual([404, "ERR_NO_EXECUTOR"]);
  expect(await ask({ action: "resize", executor: 1, size: 0 })).toEqual([400, "ERR_BAD_REQUEST"]);
  expect(await ask({ action: "explode" })).toEqual([400, "ERR_BAD_REQUEST"]);
  const page = await opened(`${url}#token=${token}`);
  await live(page);
  expect(page.url()).toBe(`${url}/`);
});

test("exports are a trace that Perfetto reads, and a report without any markup of users", {
  timeout: SLOW,
}, async () => {
  const { url } = await shown();
  const page = await opened(url);
  await live(page);
  await call(url, "fail", ["<script>alert(1)</script>"]);
  await until(page, `document.querySelector("#stream-canvas").dataset.failed === "1"`);
  const saved = async (name: string): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`[data-do="${name}"]`).click()]);
    return readFileSync(await download.path(), "utf8");
  };
  const events = JSON.parse(await saved("trace")) as { name: string; ph: string; cat?: string }[];
  expect(events.some(({ name, ph, cat }) => name.endsWith("fail") && ph === "X" && cat === "failed")).toBe(true);
  const report = await saved("report");
  expect(report).toContain("&#60;script&#62;alert(1)");
  expect(report).not.toContain("<script");
  expect(report).toContain("<svg");
});

test("manyhands map --dashboard shows how far the run is, and its last picture when it is over", {
  timeout: SLOW,
}, async () => {
  const gate = await newGate();
  const args = ["map", `${FUNCTIONS}#gated`, "1", "2", "3", "--on", "threads", "--dashboard"];
  const env = { CLI_GATE: gate.path, CLI_GATED: "3" };
  const { child, end, said } = startCommand(args, { cwd: testDirectory(), env });
  let stderr = "";
  child.stderr.on("data", (text: string) => {
    stderr += text;
  });
  await said("dashboard: http");
  const [address = ""] = /http:\S+/.exec(stderr) ?? [];
  expect(address).toMatch(/#token=.{20,}$/);
  expect((await fetch(`${new URL(address).origin}/dashboard/stream`)).status).toBe(401);
  const page = await opened(address);
  await live(page);
  await page.locator('[data-tile="progress"]').getByText("2 of 3").waitFor();
  gate.open();
  expect(await end).toMatchObject({ code: 0, lines: ["1", "2", "3"] });
  await page.locator('[data-banner="over"]').waitFor();
  await page.locator('[data-tile="progress"]').getByText("3 of 3").waitFor();
});
