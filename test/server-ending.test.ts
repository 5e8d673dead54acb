/** How a server ends: drained, told twice, closed; alone and as `manyhands serve`. */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { manyhands, startCommand, testDirectory } from "./cli-command.js";
import { made, until } from "./conformance/support.js";
import { folder, newGate } from "./keeping.js";
import { Client, call, eventsIn, get, problemIn, SERVING, started } from "./server-support.js";

describe("a server that drains", () => {
  test("answers what it has taken, refuses the rest, and then is gone", async () => {
    const gate = await newGate();
    const { url, server } = await started();
    const client = await new Client(url).opened();
    client.send({ type: "call", id: 1, function: "gated", args: [gate.path, "socket"] });
    const running = call(url, "gated", [gate.path, "http"]);
    const job = (await call(url, "gated?mode=async", [gate.path, "job"])).headers.get("location");
    await gate.arrived(2);
    const events = eventsIn(await fetch(`${url}${job}/events`));
    const drained = server.drain();
    const refused = await call(url, "add", [1, 2]);
    expect(problemIn(refused)).toMatchObject({ status: 503, code: "ERR_DRAINING" });
    expect(refused.headers.get("retry-after")).toBe("1");
    client.send({ type: "call", id: 2, function: "add", args: [1, 2] });
    expect(await client.next()).toMatchObject({ type: "error", id: 2, error: { code: "ERR_DRAINING" } });
    // Those who have to know can still ask.
    expect(await get(`${url}/readyz`)).toMatchObject({ status: 503, body: { status: "draining" } });
    expect((await get(`${url}/healthz`)).status).toBe(200);
    expect((await get(url + job)).status).toBe(200);
    gate.open();
    expect((await running).body).toBe("http");
    expect(await client.next()).toEqual({ type: "result", id: 1, value: "socket" });
    expect((await events.next()).value).toMatchObject({ event: "result", data: { value: "job" } });
    expect(await drained).toBe("all-answered");
    expect(await client.closed).toBe(1001);
    await expect(fetch(url)).rejects.toThrow();
  });

  test("stops what still runs when its time is over, and answers that too", async () => {
    const log = join(folder(), "log");
    const { url, server } = await started();
    const running = call(url, "spin", [log]);
    await made(log);
    expect(await server.drain({ timeout: 1 })).toBe("stopped");
    expect(problemIn(await running)).toMatchObject({ status: 503, code: "ERR_CANCELLED" });
  });

  test("stops what still runs when its signal aborts", async () => {
    const gate = await newGate();
    const log = join(folder(), "log");
    const { url, server } = await started();
    const running = call(url, "gated", [gate.path, "a", log]);
    await gate.arrived(1);
    const now = new AbortController();
    const drained = server.drain({ signal: now.signal });
    now.abort();
    expect(await drained).toBe("stopped");
    expect((await running).status).toBe(503);
    expect(readFileSync(log, "utf8")).toBe("a aborted\n");
  });

  test("ends a map in the middle with a last line", async () => {
    const gate = await newGate();
    const { url, server } = await started();
    const headers = { "content-type": "application/x-ndjson" };
    const body = `["${gate.path}","a"]\n`.repeat(5);
    const response = fetch(`${url}/functions/gated/map?spread=true`, { method: "POST", headers, body });
    await gate.arrived(2);
    await server.close();
    const lines = (await (await response).text())
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.error.code).toBe("ERR_CANCELLED");
  });

  test("waits for no silent socket and no silent connection", async () => {
    const { url, server } = await started();
    await new Client(url).opened();
    await get(`${url}/healthz`);
    expect(await server.drain()).toBe("all-answered");
  });
});

describe("manyhands serve", () => {
  const MODULE = fileURLToPath(SERVING);

  async function served(args: readonly string[], env: Record<string, string> = {}) {
    const command = startCommand(["serve", MODULE, ...args], { cwd: testDirectory(), env });
    let printed = "";
    command.child.stdout.on("data", (text: string) => (printed += text));
    await until(() => printed.includes("\n"), "the address should be printed");
    return { ...command, url: printed.trim() };
  }

  test.each(["threads", "processes", "event-loop"])("prints its address and answers, on %s", async (on) => {
    const { child, end, url } = await served(["--on", on, ...(on === "event-loop" ? [] : ["--workers", "1"])]);
    expect((await call(url, "add", [1, 2])).body).toBe(3);
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await end;
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${url}\n` });
    expect(stderr).toMatch(/^manyhands: serving add, counting, .*\nmanyhands: ending: /);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("lets calls end at %s, and exits with 0", async (signal) => {
    const gate = await newGate();
    const { child, end, said, url } = await served([]);
    const running = call(url, "gated", [gate.path, "a"]);
    await gate.arrived(1);
    child.kill(signal);
    await said("waiting for those under way");
    expect((await call(url, "add", [1, 2])).status).toBe(503);
    gate.open();
    expect((await running).body).toBe("a");
    expect((await end).code).toBe(0);
  });

  test("stops calls at the second signal, and exits with 1", async () => {
    const log = join(folder(), "log");
    const { child, end, said, url } = await served([]);
    const running = call(url, "spin", [log]);
    await made(log);
    child.kill("SIGTERM");
    await said("waiting for those under way");
    child.kill("SIGTERM");
    expect((await running).status).toBe(503);
    expect((await end).code).toBe(1);
  });

  test("takes its token from the environment, its limits and --dev from options", async () => {
    const args = ["--dev", "--max-body", "100", "--rate", "3/h"];
    const { url } = await served(args, { MANYHANDS_TOKEN: "from-environment" });
    expect((await call(url, "add", [1, 2])).status).toBe(401);
    const headers = { authorization: "Bearer from-environment" };
    expect((await call(url, "echo", ["x".repeat(200)], { headers })).status).toBe(413);
    expect(problemIn(await call(url, "fail", ["x"], { headers })).stack).toBeDefined();
    for (const status of [200, 200, 429]) expect((await call(url, "add", [1, 2], { headers })).status).toBe(status);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["no module", ["serve"], /missing required argument/],
    ["a module that is not there", ["serve", "./nope.js"], /cannot find module \.\/nope\.js/],
    ["a function instead of a module", ["serve", `${MODULE}#add`], /give the module alone/],
    ["a rate that is no whole number", ["serve", MODULE, "--rate", "0.5/s"], /whole number/],
    ["one function twice", ["serve", MODULE, MODULE], /two functions named add/],
    ["another host without token", ["serve", MODULE, "--host", "0.0.0.0"], /can be reached from other machines/],
    ["a short token", ["serve", MODULE, "--token", "abc"], /at least 8 characters/],
    ["a port out of range", ["serve", MODULE, "--port", "70000"], /0 to 65535/],
    ["workers of the event loop", ["serve", MODULE, "--on", "event-loop", "--workers", "2"], /single worker/],
  ])("refuses %s in one line, exit code 2", async (_name, args, message) => {
    const { code, stdout, stderr } = await manyhands(args, { cwd: testDirectory() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^manyhands: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  test("refuses a port that is taken", async () => {
    const { url } = await started();
    const args = ["serve", MODULE, "--port", new URL(url).port];
    const { code, stderr } = await manyhands(args, { cwd: testDirectory() });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^manyhands: .*EADDRINUSE.*\n$/) });
  });

  test("says what to install when @manyhands/server is not there", async () => {
    const cwd = testDirectory();
    // A copy of the built command, with its own dependencies and without the package beside it.
    const library = join(cwd, "node_modules", "manyhands");
    cpSync(dirname(createRequire(import.meta.url).resolve("manyhands/package.json")), library, {
      recursive: true,
      filter: (path) => !/[/\\]src$/.test(path),
    });
    const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
    for (const name of ["acorn", "commander", "csv-parse"])
      symlinkSync(join(modules, name), join(cwd, "node_modules", name));
    writeFileSync(join(cwd, "one.mjs"), "export const one = () => 1;\n");
    const command = join(library, "dist", "cli", "main.js");
    const { status, stderr } = spawnSync(process.execPath, [command, "serve", "./one.mjs"], { cwd, encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: "manyhands: manyhands serve needs the package @manyhands/server: npm i @manyhands/server\n",
    });
    const crawl = spawnSync(process.execPath, [command, "crawl", "http://s.example"], { cwd, encoding: "utf8" });
    expect([crawl.status, crawl.stderr]).toEqual([
      2,
      "manyhands: manyhands crawl needs the package @manyhands/crawler: npm i @manyhands/crawler\n",
    ]);
  });
});
