/** What the dashboard tells its pages, without a browser: snapshots, deltas, those who come back, those who are slow. */
import { once } from "node:events";
import { dashboard } from "@manyhands/server";
import { describe, expect, test } from "vitest";
import { follow, type Known } from "../packages/server/page/src/live/following.js";
import { HIGH_WATER, PageLine, type PageSocket } from "../packages/server/src/dashboard/page-line.js";
import type { ToPage } from "../packages/server/src/dashboard/protocol.js";
import { escaped, reportOf } from "../packages/server/src/dashboard/report.js";
import { within } from "./conformance/support.js";
import { Listener } from "./dashboard-listener.js";
import { barOf, functionOf, pictureOf, workerOf } from "./dashboard-pictures.js";
import { call, type Started, started } from "./server-support.js";

const shown = (more: Parameters<typeof started>[0] = {}): Promise<Started> => started({ root: dashboard(), ...more });

test("a page is told everything: first a snapshot, then deltas, each one more", async () => {
  const { url } = await shown();
  const page = new Listener(url);
  await page.sees(() => true, "a snapshot");
  expect(page.heard[0]).toMatchObject({ type: "snapshot" });
  await call(url, "add", [1, 2]);
  await call(url, "fail", ["it broke"]);
  const picture = await page.sees(({ bars }) => bars.length === 2, "two bars");
  expect(picture.bars.map(({ outcome }) => outcome)).toEqual(["succeeded", "failed"]);
  expect(picture.totals).toMatchObject({ submitted: 2, succeeded: 1, failed: 1 });
  const group = picture.failures.find(({ id }) => id === picture.bars[1]?.failure);
  expect(group).toMatchObject({
    name: "RangeError",
    code: "E_MINE",
    message: "it broke",
    calls: [picture.bars[1]?.call],
  });
  expect(picture.functions.map(({ name }) => name.split("#").at(-1))).toEqual(["add", "fail"]);
  expect(picture.workers.length).toBeGreaterThan(0);
  for (const bar of picture.bars) expect(picture.workers.some(({ row }) => row === bar.row)).toBe(true);
});

test("a page that joins later has the same picture as one that was there", async () => {
  const { url } = await shown();
  const early = new Listener(url);
  for (let sent = 0; sent < 5; sent += 1) await call(url, "add", [sent, 1]);
  await early.sees(({ bars }) => bars.length === 5, "five bars");
  const late = new Listener(url);
  await late.sees(() => true, "a snapshot");
  const seq = late.heard[0]?.type === "snapshot" ? late.heard[0].seq : 0;
  const isThat = (message: ToPage): boolean => message.type === "delta" && message.seq === seq;
  await early.sees(() => early.heard.some(isThat), "the delta that the late one has in its snapshot");
  let known: Known | undefined;
  for (const message of early.heard.slice(0, early.heard.findIndex(isThat) + 1)) {
    const step = follow(known, message, known === undefined ? "first" : "later");
    if (step.kind === "known") known = step.known;
  }
  expect(late.heard[0]).toMatchObject({ picture: known?.picture });
  expect(late.known?.picture.bars).toEqual(early.known?.picture.bars);
});

test("a page that comes back is told only what it missed; one of another server everything", async () => {
  const { url } = await shown();
  const page = new Listener(url);
  await page.sees(() => true, "a snapshot");
  page.socket.terminate();
  const { known } = page;
  const { hub } = known!.picture;
  await call(url, "add", [1, 2]);
  const back = new Listener(url, `?hub=${hub}&after=${known!.seq}`, known);
  await back.sees(({ bars }) => bars.length === 1, "the bar that was missed");
  expect(back.heard.every(({ type }) => type === "delta")).toBe(true);
  for (const query of [
    "?hub=another&after=3",
    `?hub=${hub}&after=999999`,
    `?hub=${hub}&after=-1`,
    "?hub[]=x&after=1",
  ]) {
    const other = new Listener(url, query);
    await other.sees(() => true, "a snapshot");
    expect(other.heard[0]).toMatchObject({ type: "snapshot" });
  }
});

test("pages are told that the server ends", async () => {
  const { url, server } = await shown();
  const page = new Listener(url);
  await page.sees(() => true, "a snapshot");
  const closed = once(page.socket, "close");
  await server.close();
  await within(closed, "the close");
  expect(page.heard.at(-1)).toEqual({ type: "farewell", why: "server-ending" });
});

test("who says something is shown the door", async () => {
  const { url } = await shown();
  const page = new Listener(url);
  await page.sees(() => true, "a snapshot");
  page.socket.send("hello");
  const [code] = await within(once(page.socket, "close"), "the close");
  expect(code).toBe(1008);
});

describe("a page's line", () => {
  function lineOf(): { line: PageLine; sent: string[]; buffered: (bytes: number) => void } {
    const sent: string[] = [];
    let bufferedAmount = 0;
    const socket: PageSocket = {
      get bufferedAmount() {
        return bufferedAmount;
      },
      readyState: 1,
      OPEN: 1,
      send: (text) => sent.push(text),
      ping: () => undefined,
      close: () => undefined,
      terminate: () => undefined,
      on: () => undefined,
    };
    const line = new PageLine(socket, () => undefined);
    return { line, sent, buffered: (bytes) => (bufferedAmount = bytes) };
  }

  test("sends nothing to a page that does not read, and then a snapshot for all that it missed", () => {
    const { line, sent, buffered } = lineOf();
    line.tell("1", () => "snapshot 1");
    buffered(HIGH_WATER + 1);
    line.tell("2", () => "snapshot 2");
    buffered(10);
    line.tell("3", () => "snapshot 3");
    expect(sent).toEqual(["1"]);
    buffered(0);
    line.tell("4", () => "snapshot 4");
    line.tell("5", () => "snapshot 5");
    expect(sent).toEqual(["1", "snapshot 4", "5"]);
  });
});

describe("the report", () => {
  test("holds no markup of users, whatever they name and throw", () => {
    const hostile = `</title><script>alert("x")</script>'&`;
    const failure = {
      id: 0,
      fn: 0,
      code: hostile,
      stack: hostile,
      count: 1,
      retried: 0,
      firstAt: 0,
      lastAt: 0,
      calls: [1],
    };
    const report = reportOf(
      pictureOf({
        subject: { kind: "server", title: hostile, functions: [hostile] },
        functions: [functionOf(0, hostile)],
        workers: [workerOf(0, { name: hostile })],
        bars: [barOf(1), barOf(2, { outcome: "failed" })],
        failures: [{ ...failure, name: hostile, message: hostile }],
      }),
    );
    expect(report).not.toMatch(/<script|"x"/);
    expect(report).toContain(escaped(hostile));
    expect(report.match(/<rect/g)?.length).toBe(2);
  });

  test("is whole when nothing has happened", () => {
    expect(reportOf(pictureOf({ workers: [], functions: [] }))).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });
});
