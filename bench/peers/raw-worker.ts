/** A hand-written worker for one value at a time. Arguments: the task, and `move` when results move instead of being copied. */
import { parentPort } from "node:worker_threads";
import { loadTask, type TaskName } from "../tasks/all.js";

const task = await loadTask(process.argv[2] as TaskName);
const move = process.argv[3] === "move";

if (parentPort === null) process.on("message", (value) => process.send?.(task(value)));
else {
  parentPort.on("message", (value) => {
    const result = task(value);
    parentPort?.postMessage(result, move ? [(result as Float64Array<ArrayBuffer>).buffer] : []);
  });
}
