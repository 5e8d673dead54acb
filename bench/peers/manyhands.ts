import type { Executor } from "manyhands";
import { square } from "../square.js";
import type { Subject, SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";

const subject = (executor: Executor): Subject => ({
  call: (n) => executor.submit(square, n),
  close: () => executor.shutdown(),
});

export const entries: readonly SubjectEntry[] = [
  {
    name: "manyhands",
    kind: "threads",
    open: async (maxWorkers) => subject(new (await import("manyhands")).ThreadPoolExecutor({ maxWorkers })),
  },
  {
    name: "manyhands",
    kind: "processes",
    open: async (maxWorkers) => subject(new (await import("manyhands")).ProcessPoolExecutor({ maxWorkers })),
  },
  {
    name: "manyhands",
    kind: "event-loop",
    open: async () =>
      subject(new (await import("manyhands")).EventLoopExecutor({ maxConcurrency: EVENT_LOOP_CONCURRENCY })),
  },
];
