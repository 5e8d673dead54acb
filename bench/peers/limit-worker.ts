/** A hand-written worker: answers a batch of values with the batch of results. The task is the first argument. */
import { parentPort } from "node:worker_threads";
import { loadTask, type TaskName } from "../tasks/all.js";

const task = await loadTask(process.argv[2] as TaskName);
const answer = (values: unknown[]): unknown[] => values.map(task);

if (parentPort === null) process.on("message", (values: unknown[]) => process.send?.(answer(values)));
else parentPort.on("message", (values: unknown[]) => parentPort?.postMessage(answer(values)));
