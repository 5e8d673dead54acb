import type { SubjectEntry } from "../subject.js";

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

export const entries: readonly SubjectEntry[] = [
  {
    name: "multithreading",
    kind: "threads",
    package: "multithreading",
    open: async (maxWorkers) => {
      provideGlobals(maxWorkers);
      const { initRuntime, move, shutdown, spawn } = await import("multithreading");
      initRuntime({ maxWorkers });
      return {
        call: async (n) => {
          const outcome = await spawn(move(n), (given: number) => given * given).join();
          if (!outcome.ok) throw outcome.error;
          return outcome.value;
        },
        close: async () => shutdown(),
      };
    },
  },
];
