import { square } from "../square.js";
import type { SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";

export const entries: readonly SubjectEntry[] = [
  {
    name: "p-limit",
    kind: "event-loop",
    package: "p-limit",
    open: async () => {
      const limit = (await import("p-limit")).default(EVENT_LOOP_CONCURRENCY);
      return { call: (n) => limit(square, n), close: async () => limit.clearQueue() };
    },
  },
];
