import { fileURLToPath } from "node:url";
import type { Kind, SubjectEntry } from "../subject.js";
import { taskUrl } from "../tasks/all.js";

const entry = (kind: Kind, enableWorkerThreads: boolean): SubjectEntry => ({
  name: "jest-worker",
  kind,
  package: "jest-worker",
  open: async (numWorkers, task) => {
    const { Worker } = await import("jest-worker");
    const exposedMethods = [task] as const;
    const farm = new Worker(fileURLToPath(taskUrl(task)), { numWorkers, enableWorkerThreads, exposedMethods });
    const methods = farm as unknown as Record<string, (value: unknown) => Promise<unknown>>;
    const call = methods[task];
    if (call === undefined) throw new Error(`jest-worker has no method ${task}`);
    return { call: (value) => call(value), close: () => farm.end() };
  },
});

export const entries: readonly SubjectEntry[] = [entry("threads", true), entry("processes", false)];
