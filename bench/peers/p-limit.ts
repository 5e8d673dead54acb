import type { SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";
import { loadTask } from "../tasks/all.js";

export const entries: readonly SubjectEntry[] = [
  {
    name: "p-limit",
    kind: "event-loop",
    package: "p-limit",
    open: async (_workers, name) => {
      const task = await loadTask(name);
      const limit = (await import("p-limit")).default(EVENT_LOOP_CONCURRENCY);
      return {
        call: (value) => limit(task, value),
        map: (items) => limit.map(items, task),
        close: async () => limit.clearQueue(),
      };
    },
  },
];
