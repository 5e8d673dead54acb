import { square } from "../square.js";
import type { SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";

export const entries: readonly SubjectEntry[] = [
  {
    name: "p-queue",
    kind: "event-loop",
    package: "p-queue",
    open: async () => {
      const queue = new (await import("p-queue")).default({ concurrency: EVENT_LOOP_CONCURRENCY });
      return { call: (n) => queue.add(() => square(n)), close: () => queue.onIdle() };
    },
  },
];
