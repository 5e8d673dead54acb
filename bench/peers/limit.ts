/** The raw limit: what the mechanism itself allows, without any contract: no errors, no cancelling, no statistics.
 *  The calls of one tick leave as one array for each worker, and their results come back as one array. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { square } from "../square.js";
import type { Subject, SubjectEntry } from "../subject.js";

const script = fileURLToPath(new URL("./limit-worker.js", import.meta.url));

/** One worker of either kind, as little of it as is needed. */
interface Channel {
  post(numbers: number[]): void;
  listen(receive: (results: number[]) => void): void;
  end(): Promise<unknown>;
}

function threadChannel(): Channel {
  const worker = new Worker(script);
  return {
    post: (numbers) => worker.postMessage(numbers),
    listen: (receive) => void worker.on("message", receive),
    end: () => worker.terminate(),
  };
}

function processChannel(): Channel {
  const child = fork(script, { serialization: "advanced" });
  return {
    post: (numbers) => void child.send(numbers),
    listen: (receive) => void child.on("message", (results) => receive(results as number[])),
    end: async () => {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

function batched(channels: readonly Channel[]): Subject {
  const waiting = channels.map((): ((result: number) => void)[] => []);
  let batches = channels.map((): number[] => []);
  let size = 0;
  let turn = 0;
  channels.forEach((channel, index) => {
    // Results of one worker come in the order of its calls, so the position is all the address they need.
    let settled = 0;
    channel.listen((results) => {
      const resolvers = waiting[index] ?? [];
      for (const result of results) resolvers[settled++]?.(result);
      if (settled < resolvers.length) return;
      resolvers.length = 0;
      settled = 0;
    });
  });
  const flush = (): void => {
    channels.forEach((channel, index) => {
      const batch = batches[index];
      if (batch !== undefined && batch.length > 0) channel.post(batch);
    });
    batches = channels.map(() => []);
    size = 0;
  };
  return {
    call: (n) =>
      new Promise((resolve) => {
        if (size++ === 0) queueMicrotask(flush);
        turn = (turn + 1) % channels.length;
        batches[turn]?.push(n);
        waiting[turn]?.push(resolve);
      }),
    close: () => Promise.all(channels.map((channel) => channel.end())),
  };
}

export const entries: readonly SubjectEntry[] = [
  { name: "limit", kind: "threads", open: async (workers) => batched(Array.from({ length: workers }, threadChannel)) },
  {
    name: "limit",
    kind: "processes",
    open: async (workers) => batched(Array.from({ length: workers }, processChannel)),
  },
  {
    name: "limit",
    kind: "event-loop",
    open: async () => ({
      // The bare loop: a promise for each call, settled in a later microtask, as any executor must.
      call: (n) => new Promise((resolve) => queueMicrotask(() => resolve(square(n)))),
      close: async () => undefined,
    }),
  },
];
