import { fileURLToPath } from "node:url";
import type { Kind, SubjectEntry } from "../subject.js";

const filename = new URL("../square.js", import.meta.url).href;
// Its processes import by path; its threads take an URL as well.
const path = fileURLToPath(filename);

const entry = (kind: Kind, runtime: "worker_threads" | "child_process"): SubjectEntry => ({
  name: "tinypool",
  kind,
  package: "tinypool",
  open: async (workers) => {
    const { Tinypool } = await import("tinypool");
    const pool = new Tinypool({ filename: path, runtime, minThreads: workers, maxThreads: workers });
    return { call: (n) => pool.run(n) as Promise<number>, close: () => pool.destroy() };
  },
});

export const entries: readonly SubjectEntry[] = [
  entry("threads", "worker_threads"),
  entry("processes", "child_process"),
];
