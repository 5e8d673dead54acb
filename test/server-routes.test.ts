/** The routes of @manyhands/server: what is asked, and what is answered. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@manyhands/server";
import { EventLoopExecutor, FunctionRefError, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { folder, keep, newGate } from "./keeping.js";
import {
  answerOf,
  call,
  eventsIn,
  get,
  linesIn,
  problemIn,
  rawRequest,
  responseOf,
  SERVING,
  started,
} from "./server-support.js";

describe("a call", () => {
  test.each([
    ["threads", () => new ThreadPoolExecutor({ maxWorkers: 1 })],
    ["processes", () => new ProcessPoolExecutor({ maxWorkers: 1 })],
    ["the event loop", () => new EventLoopExecutor()],
  ] as const)("is answered with its result, on %s", async (_name, make) => {
    const { url } = await started({ executor: keep(make()) });
    for (const body of [{ args: [2, 3] }, [2, 3]]) {
      const { status, body: result } = await call(url, "add", body);
      expect({ status, result }).toEqual({ status: 200, result: 5 });
    }
    expect((await call(url, "echo", [{ $bytes: "AQI=", as: "Uint8Array" }])).body).toEqual({
      $bytes: "AQI=",
      as: "Uint8Array",
    });
    expect((await call(url, "triple", [{ $bigint: "9007199254740993" }])).body).toEqual({
      $bigint: "27021597764222979",
    });
  });

  test("that gives undefined is answered 204, and one that gives null is not", async () => {
    const { url } = await started();
    expect(await call(url, "nothing", [])).toMatchObject({ status: 204, body: "" });
    expect(await call(url, "echo", [null])).toMatchObject({ status: 200, body: null });
  });

  test("without a body has no arguments", async () => {
    const { url } = await started();
    expect((await get(`${url}/functions/nothing`, { method: "POST" })).status).toBe(204);
  });

  test("that fails is answered with what it threw, without its stack", async () => {
    const { url } = await started();
    const answer = await call(url, "fail", ["boo"]);
    expect(problemIn(answer)).toEqual({
      type: "urn:manyhands:ERR_TASK_FAILED",
      title: "The function failed",
      status: 500,
      detail: "RangeError: boo",
      code: "ERR_TASK_FAILED",
      error: { name: "RangeError", message: "boo", code: "E_MINE" },
    });
  });

  test("shows its stack to developers", async () => {
    const { url } = await started({ audience: "developers" });
    expect(problemIn(await call(url, "fail", ["boo"])).stack).toMatch(/serving\.js/);
    expect(problemIn(await call(url, "greet", [{ name: "" }])).stack).toBeDefined();
  });

  test("whose worker dies is answered 503, and the next is served", async () => {
    const { url } = await started();
    expect(problemIn(await call(url, "exit", [3]))).toMatchObject({ status: 503, code: "ERR_WORKER_EXITED" });
    expect((await call(url, "add", [1, 1])).body).toBe(2);
  });

  test("whose result has no JSON form is answered 500 with its path", async () => {
    const { url } = await started({ executor: keep(new EventLoopExecutor()) });
    const problem = problemIn(await call(url, "giveFunction", []));
    expect(problem).toMatchObject({ status: 500, code: "ERR_SERIALIZATION" });
    expect(problem.detail).toMatch(/result\.list\[0\]/);
  });
});

describe("arguments", () => {
  test("are checked against the schemas of the module, with the path of what is wrong", async () => {
    const { url } = await started();
    const problem = problemIn(await call(url, "greet", [{ name: "", times: 9 }, "loud"]));
    expect(problem).toMatchObject({ status: 400, code: "ERR_INVALID_ARGUMENTS" });
    expect(problem.errors?.map(({ path }) => path)).toEqual(["args[0].name", "args[0].times", "args[1]"]);
    expect(problemIn(await call(url, "add", ["2", 3])).errors).toEqual([
      { path: "args[0]", message: expect.stringMatching(/number/) },
    ]);
    expect(problemIn(await call(url, "greet", [{ name: "A" }, true, 3])).errors?.[0]?.path).toBe("args[2]");
  });

  test("get the defaults of their schemas, and what is optional stays away", async () => {
    const { url } = await started();
    expect((await call(url, "greet", [{ name: "A" }])).body).toBe("Hello AHello A");
    expect((await call(url, "greet", [{ name: "A", times: 1 }, true])).body).toBe("HELLO A");
  });

  test.each<[string, unknown, string]>([
    ["that are no array", { args: 7 }, "args"],
    ["under another name", { arguments: [] }, "args"],
    ["in a form that is not known", [1, { $what: 1 }], "args[1]"],
    ["that reach for a prototype", '[{"__proto__":{"x":1}}]', "args[0]"],
  ])("%s are refused", async (_name, args, path) => {
    const { url } = await started();
    const problem = problemIn(await call(url, "echo", args));
    expect(problem).toMatchObject({ status: 400, code: "ERR_INVALID_ARGUMENTS" });
    expect(problem.errors?.[0]?.path).toBe(path);
  });

  test("that are no JSON, or of another type, are refused", async () => {
    const { url } = await started();
    expect(problemIn(await call(url, "echo", "{"))).toMatchObject({ status: 400, code: "ERR_BAD_REQUEST" });
    const plain = await call(url, "echo", "[1]", { headers: { "content-type": "text/plain" } });
    expect(problemIn(plain)).toMatchObject({ status: 415, code: "ERR_MEDIA_TYPE" });
  });
});

describe("paths", () => {
  test.each<[string, string, string, number]>([
    ["a function that is not there", "POST", "/functions/nope", 404],
    ["a name of a prototype", "POST", "/functions/constructor", 404],
    ["another name of a prototype", "POST", "/functions/__proto__", 404],
    ["a class", "POST", "/functions/Thing", 404],
    ["a value", "POST", "/functions/constant", 404],
    ["the schemas", "POST", "/functions/schemas", 404],
    ["a path as name", "POST", "/functions/..%2F..%2Fetc%2Fpasswd", 404],
    ["a name with a module", "POST", "/functions/node:fs%23rmSync", 404],
    ["an endless name", "POST", `/functions/${"a".repeat(5000)}`, 400],
    ["an unknown way", "POST", "/functions/add?mode=later", 400],
    ["another method", "GET", "/functions/add", 405],
    ["another method of a job", "PATCH", "/jobs/1", 405],
    ["a job that is not there", "GET", "/jobs/1", 404],
    ["events of a job that is not there", "GET", "/jobs/1/events", 404],
    ["stopping a job that is not there", "DELETE", "/jobs/1", 404],
    ["nothing", "GET", "/nothing", 404],
    ["a broken escape", "GET", "/%", 400],
    ["the socket, without upgrade", "GET", "/ws", 426],
  ])("%s is refused: %s", async (_name, method, path, status) => {
    const { url } = await started();
    const asked = rawRequest(url, path, { method });
    asked.end();
    const { statusCode, headers } = await responseOf(asked);
    expect(statusCode).toBe(status);
    expect(headers["content-type"]).toMatch(/^application\/problem\+json/);
  });

  test("405 says how it is asked", async () => {
    const { url } = await started();
    expect((await get(`${url}/functions/add`)).headers.get("allow")).toBe("POST");
  });

  test("the functions are listed, classes and values are not", async () => {
    const { url, server } = await started();
    const { body } = await get(`${url}/functions`);
    const { functions } = body as { functions: { name: string; parameters: number }[] };
    expect(functions.map(({ name }) => name)).toEqual(server.functions);
    expect(functions).toContainEqual({ name: "add", parameters: 2 });
    expect(server.functions).not.toContain("Thing");
  });

  test("two modules may not export one name, and a module must export a function", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const failing = [
      [SERVING, SERVING],
      [new URL("./missing.js", SERVING)],
      [{ url: "file:///x.js", exports: { a: 1 } }],
      [{ url: "file:///x.js", exports: { f: () => 1, schemas: { f: { args: {} } } } }],
    ];
    for (const modules of failing) {
      await expect(serve({ modules, executor })).rejects.toThrow(FunctionRefError);
    }
  });
});

describe("a job", () => {
  test("has an id at once, and its result later", async () => {
    const gate = await newGate();
    const { url } = await started();
    const answer = await call(url, "gated?mode=async", [gate.path, "a"]);
    expect(answer).toMatchObject({ status: 202, body: { function: "gated" } });
    const job = answer.headers.get("location");
    expect(job).toBe(`/jobs/${(answer.body as { id: string }).id}`);
    await gate.arrived(1);
    expect((await get(url + job)).body).toMatchObject({ state: "running" });
    gate.open();
    const events = eventsIn(await fetch(`${url}${job}/events`));
    expect((await events.next()).value).toEqual({ id: "1", event: "result", data: { value: "a" } });
    expect((await events.next()).done).toBe(true);
    expect((await get(url + job)).body).toMatchObject({ state: "succeeded", result: "a", endedAt: expect.any(String) });
  });

  test("that is deleted is stopped: its task sees it, and the answer comes when it has ended", async () => {
    const gate = await newGate();
    const log = join(folder(), "log");
    const { url } = await started();
    const job = (await call(url, "gated?mode=async", [gate.path, "a", log])).headers.get("location");
    await gate.arrived(1);
    const { status, body } = await get(url + job, { method: "DELETE" });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { state: "cancelled", error: { code: "ERR_CANCELLED" } },
    });
    expect(readFileSync(log, "utf8")).toBe("a aborted\n");
    expect((await get(url + job)).body).toMatchObject({ state: "cancelled" });
    expect((await get(url + job, { method: "DELETE" })).body).toMatchObject({ state: "cancelled" });
  });

  test("that never looks is stopped all the same", async () => {
    const { url } = await started({ executor: keep(new ThreadPoolExecutor({ maxWorkers: 1 })) });
    const job = (await call(url, "spin?mode=async", [])).headers.get("location");
    expect((await get(url + job, { method: "DELETE" })).body).toMatchObject({ state: "cancelled" });
    expect((await call(url, "add", [1, 2])).body).toBe(3);
  });

  test("tells its progress as it comes, and again behind Last-Event-ID", async () => {
    const gate = await newGate();
    const { url } = await started();
    const job = (await call(url, "counting?mode=async", [3, gate.path])).headers.get("location");
    const seen: unknown[] = [];
    for await (const event of eventsIn(await fetch(`${url}${job}/events`))) {
      seen.push([event.id, event.event, event.data["value"]]);
      // Each step waits until the report of the one before has been seen here.
      gate.release(1);
      if (event.event === "progress" && seen.length < 3) {
        await gate.arrived(seen.length);
        gate.release(1);
      }
    }
    expect(seen).toEqual([
      ["1", "progress", { step: 1 }],
      ["2", "progress", { step: 2 }],
      ["3", "progress", { step: 3 }],
      ["4", "result", "3 steps"],
    ]);
    const again = await fetch(`${url}${job}/events`, { headers: { "last-event-id": "2" } });
    expect((await eventsIn(again).next()).value).toMatchObject({ id: "3", data: { value: { step: 3 } } });
    expect((await get(url + job)).body).toMatchObject({ progress: { step: 3 }, result: "3 steps" });
  });

  test("keeps only the latest of its progress, and says so", async () => {
    const { url } = await started({ maxEvents: 3 });
    const job = (await call(url, "counting?mode=async", [10])).headers.get("location");
    for await (const _ of eventsIn(await fetch(`${url}${job}/events`)));
    const seen: unknown[] = [];
    for await (const event of eventsIn(await fetch(`${url}${job}/events`))) seen.push([event.id, event.event]);
    expect(seen).toEqual([
      ["8", "missed"],
      ["9", "progress"],
      ["10", "progress"],
      ["11", "result"],
    ]);
  });

  test("that failed tells why", async () => {
    const { url } = await started();
    const job = (await call(url, "fail?mode=async", ["boo"])).headers.get("location");
    const event = (await eventsIn(await fetch(`${url}${job}/events`)).next()).value;
    expect(event).toMatchObject({ event: "error", data: { error: { code: "ERR_TASK_FAILED" } } });
    expect((await get(url + job)).body).toMatchObject({ state: "failed", error: { detail: "RangeError: boo" } });
  });

  test("is forgotten when others have ended after it, as many as are kept", async () => {
    const { url } = await started({ maxJobs: 2 });
    const jobs: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const job = (await call(url, "add?mode=async", [n, n])).headers.get("location")!;
      for await (const _ of eventsIn(await fetch(`${url}${job}/events`)));
      jobs.push(job);
    }
    const statuses = await Promise.all(jobs.map(async (job) => (await get(url + job)).status));
    expect(statuses).toEqual([404, 404, 200, 200]);
  });
});

describe("a map", () => {
  const LINES = { "content-type": "application/x-ndjson" };
  const map = (url: string, path: string, body: string): Promise<Response> =>
    fetch(`${url}/functions/${path}`, { method: "POST", headers: LINES, body });
  const linesOf = async (response: Response): Promise<{ index: number; value?: unknown; error?: { code: string } }[]> =>
    (await response.text())
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  test("answers each line in order; what cannot be read or fails costs its own line", async () => {
    const { url } = await started();
    const response = await map(url, "triple/map", '{"$bigint":"1"}\n\n{"$bigint":"2"}\nnope\n7\n{"$bigint":"3"}');
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(await linesOf(response)).toEqual([
      { index: 0, value: { $bigint: "3" } },
      { index: 1, value: { $bigint: "6" } },
      { index: 2, error: expect.objectContaining({ code: "ERR_BAD_REQUEST" }) },
      { index: 3, error: expect.objectContaining({ code: "ERR_INVALID_ARGUMENTS" }) },
      { index: 4, value: { $bigint: "9" } },
    ]);
  });

  test("spreads lines that are arrays of arguments", async () => {
    const { url } = await started();
    const lines = await linesOf(await map(url, "add/map?spread=true", "[1,2]\n[3,4]\n5\n"));
    expect(lines.map(({ value }) => value)).toEqual([3, 7, undefined]);
    expect(lines[2]?.error?.code).toBe("ERR_INVALID_ARGUMENTS");
  });

  test("of ten thousand lines gives each result once, in order", async () => {
    const { url } = await started();
    const body = Array.from({ length: 10_000 }, (_, n) => `${n}\n`).join("");
    const lines = await linesOf(await map(url, "echo/map", body));
    expect(lines).toEqual(Array.from({ length: 10_000 }, (_, n) => ({ index: n, value: n })));
  });

  test("out of order answers as calls end", async () => {
    const gate = await newGate();
    const { url } = await started({ executor: keep(new ThreadPoolExecutor({ maxWorkers: 2 })) });
    const asked = rawRequest(url, "/functions/gated/map?ordered=false&spread=true", { method: "POST", headers: LINES });
    asked.write(`["${gate.path}","first"]\n`);
    await gate.arrived(1);
    const open = await newGate();
    open.open();
    asked.end(`["${open.path}","second"]\n`);
    const lines = linesIn(await responseOf(asked));
    expect(JSON.parse((await lines.next()).value as string)).toEqual({ index: 1, value: "second" });
    gate.open();
    expect(JSON.parse((await lines.next()).value as string)).toEqual({ index: 0, value: "first" });
    expect((await lines.next()).done).toBe(true);
  });

  test("answers a line before the next is sent", async () => {
    const { url } = await started();
    const asked = rawRequest(url, "/functions/echo/map", { method: "POST", headers: LINES });
    asked.write("0\n");
    const lines = linesIn(await responseOf(asked));
    for (let n = 0; n < 5; n += 1) {
      expect(JSON.parse((await lines.next()).value as string)).toEqual({ index: n, value: n });
      if (n < 4) asked.write(`${n + 1}\n`);
    }
    asked.write("nope\n");
    expect(JSON.parse((await lines.next()).value as string)).toMatchObject({ index: 5, error: { status: 400 } });
    asked.end();
    expect((await lines.next()).done).toBe(true);
  });

  test("reads no further than its results are taken", async () => {
    const { url, executor } = await started();
    const asked = rawRequest(url, "/functions/text/map", { method: "POST", headers: LINES });
    // 20 GB of answers, if they were all made.
    asked.end("1000000\n".repeat(20_000));
    const response = await responseOf(asked);
    // Nobody reads: while others are served, no more and no more calls are made for it.
    let [rested, others] = [-1, 0];
    for (let made = 0; made !== rested; made = executor.stats().completed - others) {
      rested = made;
      for (let turn = 0; turn < 50; turn += 1, others += 1) await call(url, "pid", []);
    }
    expect(rested).toBeLessThan(2000);
    response.destroy();
  });

  test("stops its calls when the client leaves", async () => {
    const gate = await newGate();
    const log = join(folder(), "log");
    const { url, executor, server } = await started({ executor: keep(new ThreadPoolExecutor({ maxWorkers: 1 })) });
    const asked = rawRequest(url, "/functions/gated/map?spread=true", { method: "POST", headers: LINES });
    asked.write(`["${gate.path}","a","${log}"]\n`.repeat(3));
    await gate.arrived(1);
    asked.destroy();
    expect((await call(url, "add", [1, 1])).body).toBe(2);
    expect(readFileSync(log, "utf8")).toBe("a aborted\n");
    await server.drain();
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0 });
    expect(gate.arrivals).toHaveLength(1);
  });

  test("of anything but lines is refused", async () => {
    const { url } = await started();
    const json = await fetch(`${url}/functions/echo/map`, {
      method: "POST",
      body: "[1]",
      headers: { "content-type": "application/json" },
    });
    expect((await answerOf(json)).status).toBe(415);
    expect((await get(`${url}/functions/echo/map`, { method: "POST" })).status).toBe(415);
    expect((await answerOf(await map(url, "nope/map", "1\n"))).status).toBe(404);
    expect((await answerOf(await map(url, "echo/map?ordered=perhaps", "1\n"))).status).toBe(400);
  });
});

describe("operations", () => {
  test("metrics tell what was done, in base units", async () => {
    const { url } = await started();
    await call(url, "add", [1, 2]);
    await call(url, "fail", ["x"]);
    const { headers, body } = await get(`${url}/metrics`);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = String(body);
    expect(text).toMatch(/^manyhands_calls_total\{executor="threads",kind="thread",status="completed"\} 1$/m);
    expect(text).toMatch(/^manyhands_calls_total\{executor="threads",kind="thread",status="failed"\} 1$/m);
    expect(text).toMatch(/^manyhands_call_run_seconds_bucket\{executor="threads",kind="thread",le="\+Inf"\} 2$/m);
    expect(text).toMatch(/^manyhands_server_responses_total\{route="\/functions\/:name",status="500"\} 1$/m);
    for (const line of text.split("\n").slice(0, -1)) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) manyhands_\w+ .+|manyhands_\w+(?:\{(?:\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
    }
  });

  test("the server lives and is ready, until its executor has ended", async () => {
    const { url, executor } = await started();
    expect((await get(`${url}/healthz`)).status).toBe(200);
    expect((await get(`${url}/readyz`)).status).toBe(200);
    await executor.shutdown();
    expect(problemIn(await call(url, "add", [1, 2]))).toMatchObject({ status: 503, code: "ERR_SHUTDOWN" });
    expect(await get(`${url}/readyz`)).toMatchObject({ status: 503, body: { status: "executor-ended" } });
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  test("a plug-in may stand at /", async () => {
    const { url } = await started({
      token: "a-long-token",
      root: (app, { catalogue }) => {
        app.get("/", { config: { access: "open" } }, () => [...catalogue.keys()].slice(0, 1));
        app.get("/data", () => "secret");
      },
    });
    expect((await get(url)).body).toEqual(["add"]);
    expect((await get(`${url}/data`)).status).toBe(401);
  });
});
