/** The raw limit: what the mechanism itself allows, without any contract: no errors, no cancelling, no statistics.
 *  The calls of one tick leave as one array for each worker, and their results come back as one array. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Subject, SubjectEntry } from "../subject.js";
import { loadTask, type TaskName } from "../tasks/all.js";

const script = fileURLToPath(new URL("./limit-worker.js", import.meta.url));

/** One worker of either kind, as little of it as is needed. */
export interface Channel {
  post(values: unknown[]): void;
  listen(receive: (results: unknown[]) => void): void;
  end(): Promise<unknown>;
}

function threadChannel(task: TaskName): Channel {
  const worker = new Worker(script, { argv: [task] });
  return {
    post: (values) => worker.postMessage(values),
    listen: (receive) => void worker.on("message", receive),
    end: () => worker.terminate(),
  };
}

function processChannel(task: TaskName): Channel {
  const child = fork(script, [task], { serialization: "advanced" });
  return {
    post: (values) => void child.send(values),
    listen: (receive) => void child.on("message", (results) => receive(results as unknown[])),
    end: async () => {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

export const channels = (kind: "threads" | "processes", task: TaskName, workers: number): Channel[] =>
  Array.from({ length: workers }, () => (kind === "threads" ? threadChannel(task) : processChannel(task)));

function batched(workers: readonly Channel[]): Subject {
  const waiting = workers.map((): ((result: unknown) => void)[] => []);
  let batches = workers.map((): unknown[] => []);
  let size = 0;
  let turn = 0;
  workers.forEach((worker, index) => {
    // Results of one worker come in the order of its calls, so the position is all the address they need.
    let settled = 0;
    worker.listen((results) => {
      const resolvers = waiting[index] ?? [];
      for (const result of results) resolvers[settled++]?.(result);
      if (settled < resolvers.length) return;
      resolvers.length = 0;
      settled = 0;
    });
  });
  const flush = (): void => {
    workers.forEach((worker, index) => {
      const batch = batches[index];
      if (batch !== undefined && batch.length > 0) worker.post(batch);
    });
    batches = workers.map(() => []);
    size = 0;
  };
  return {
    call: (value) =>
      new Promise((resolve) => {
        if (size++ === 0) queueMicrotask(flush);
        turn = (turn + 1) % workers.length;
        batches[turn]?.push(value);
        waiting[turn]?.push(resolve);
      }),
    close: () => Promise.all(workers.map((worker) => worker.end())),
  };
}

/** The bare loop: a promise for each call, settled in a later microtask, as any executor must. */
async function bareLoop(name: TaskName): Promise<Subject> {
  const task = await loadTask(name);
  return {
    call: (value) => new Promise((resolve) => queueMicrotask(() => resolve(task(value)))),
    close: async () => undefined,
  };
}

export const entries: readonly SubjectEntry[] = [
  { name: "limit", kind: "threads", open: async (workers, task) => batched(channels("threads", task, workers)) },
  { name: "limit", kind: "processes", open: async (workers, task) => batched(channels("processes", task, workers)) },
  { name: "limit", kind: "event-loop", open: (_workers, task) => bareLoop(task) },
];
