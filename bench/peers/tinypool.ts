import { fileURLToPath } from "node:url";
import type { Kind, SubjectEntry } from "../subject.js";
import { taskUrl } from "../tasks/all.js";

const entry = (kind: Kind, runtime: "worker_threads" | "child_process"): SubjectEntry => ({
  name: "tinypool",
  kind,
  package: "tinypool",
  open: async (workers, task) => {
    const { Tinypool } = await import("tinypool");
    // Its processes import by path; its threads take an URL as well.
    const filename = fileURLToPath(taskUrl(task));
    const pool = new Tinypool({ filename, runtime, minThreads: workers, maxThreads: workers });
    return { call: (value) => pool.run(value), close: () => pool.destroy() };
  },
});

export const entries: readonly SubjectEntry[] = [
  entry("threads", "worker_threads"),
  entry("processes", "child_process"),
];
