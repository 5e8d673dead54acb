// The smallest worker that says something: what a start costs at least.
const { parentPort } = require("node:worker_threads") as typeof import("node:worker_threads");

if (parentPort === null) process.send?.(1, () => process.disconnect());
else parentPort.postMessage(1);
