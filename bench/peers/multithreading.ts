import type { SubjectEntry } from "../subject.js";
import type { TaskName } from "../tasks/all.js";

/** It uses two things that Node has from versions 21 and 22 on. */
function provideGlobals(hardwareConcurrency: number): void {
  if (!("navigator" in globalThis)) Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency } });
  if ("withResolvers" in Promise) return;
  Object.defineProperty(Promise, "withResolvers", {
    value: () => {
      const parts: { resolve?: unknown; reject?: unknown } = {};
      const promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
      return { promise, ...parts };
    },
  });
}

/** Its functions travel as source: written out here, since they may name nothing from outside. */
const SOURCES: Partial<Record<TaskName, (value: number) => unknown>> = {
  square: (n) => n * n,
  isPrime: (n) => {
    for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
    return n > 1;
  },
};

export const entries: readonly SubjectEntry[] = [
  {
    name: "multithreading",
    kind: "threads",
    package: "multithreading",
    tasks: ["square", "isPrime"],
    open: async (maxWorkers, task) => {
      provideGlobals(maxWorkers);
      const { initRuntime, move, shutdown, spawn } = await import("multithreading");
      initRuntime({ maxWorkers });
      const source = SOURCES[task];
      if (source === undefined) throw new Error(`No source of ${task}`);
      return {
        call: async (value) => {
          const outcome = await spawn(move(value as number), source).join();
          if (!outcome.ok) throw outcome.error;
          return outcome.value;
        },
        close: async () => shutdown(),
      };
    },
  },
];
