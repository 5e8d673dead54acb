/** A cluster at the dashboard: its agents are rows, and what they ran stands in them. */
import { dashboard } from "@manyhands/server";
import { expect, test } from "vitest";
import type { Picture } from "../packages/server/src/dashboard/protocol.js";
import { redisForAll, TestCluster } from "./cluster-support.js";
import { Listener } from "./dashboard-listener.js";
import { call, started } from "./server-support.js";

const there = redisForAll();

/** The agents run in this process, and so their own pools are shown, too. */
function ofCluster({ executors, workers, bars }: Picture) {
  const executor = executors.find(({ kind }) => kind === "cluster");
  const names = new Map(workers.filter((each) => each.executor === executor?.id).map(({ row, name }) => [row, name]));
  return { executor, names, bars: bars.filter(({ row }) => names.has(row)) };
}

test("agents are rows of the dashboard, and cannot be made more from there", { timeout: 60_000 }, async () => {
  const cluster = new TestCluster(there.redis.url);
  const { url } = await started({ executor: cluster.client(), root: dashboard() });
  const page = new Listener(url);
  await page.sees(() => true, "a snapshot");
  await cluster.agent({ name: "left" });
  await cluster.agent({ name: "right" });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => call(url, "add", [n, 1])));
  expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  const { executor, names } = ofCluster(
    await page.sees((picture) => ofCluster(picture).bars.length === 20, "twenty bars"),
  );
  expect([...names.values()].sort()).toEqual(["left", "right"]);

  const body = JSON.stringify({ action: "resize", executor: executor?.id, size: 5 });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/dashboard/actions`, { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ code: "ERR_NOT_NOW", detail: expect.stringContaining("start more") });
});
