/** `cluster-client.js URL QUEUE CLIENT LOG COUNT`: submits calls under ids, says so, and waits to be killed. */
import { ClusterExecutor, withId } from "@manyhands/cluster";
import { noteLater } from "#tasks/cluster-tasks.js";

const [, , connection = "", queue = "", clientId = "", log = "", count = "0"] = process.argv;
const cluster = new ClusterExecutor({ connection, queue, clientId });
const calls = Array.from({ length: Number(count) }, (_, n) =>
  cluster.submit(withId(`call ${n}`, noteLater), log, n, 20),
);
// One has come back: the others are in the queue or further on.
await calls[0];
console.log("submitted");
await Promise.all(calls);
