/** The raw mechanism for one value at a time: a message there, a message back, nothing else. */
import { fork, type SerializationType } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { TaskName } from "../tasks/all.js";

const script = fileURLToPath(new URL("./raw-worker.js", import.meta.url));

export interface RawWorker {
  /** One value at a time. */
  exchange(value: unknown): Promise<unknown>;
  end(): void;
}

/** @param move whether the buffers of arrays move both ways instead of being copied. */
export function rawThread(task: TaskName, move = false): RawWorker {
  const worker = new Worker(script, { argv: move ? [task, "move"] : [task] });
  let settle: (value: unknown) => void = () => undefined;
  worker.on("message", (result) => settle(result));
  return {
    exchange: (value) =>
      new Promise((resolve) => {
        settle = resolve;
        worker.postMessage(value, move ? [(value as Float64Array<ArrayBuffer>).buffer] : []);
      }),
    end: () => void worker.terminate(),
  };
}

export function rawProcess(task: TaskName, serialization: SerializationType): RawWorker {
  const child = fork(script, [task], { serialization });
  let settle: (value: unknown) => void = () => undefined;
  child.on("message", (result) => settle(result));
  return {
    exchange: (value) =>
      new Promise((resolve) => {
        settle = resolve;
        child.send(value as object);
      }),
    end: () => void child.kill(),
  };
}
