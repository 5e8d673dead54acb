import type { SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";
import { loadTask } from "../tasks/all.js";

export const entries: readonly SubjectEntry[] = [
  {
    name: "p-queue",
    kind: "event-loop",
    package: "p-queue",
    open: async (_workers, name) => {
      const task = await loadTask(name);
      const queue = new (await import("p-queue")).default({ concurrency: EVENT_LOOP_CONCURRENCY });
      return { call: (value) => queue.add(() => task(value)), close: () => queue.onIdle() };
    },
  },
];
