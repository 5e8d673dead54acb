/** How programs of tasks end: the first argument says which. */
import { createTask, DeadlockError, Lock, Queue, run, sleep, type Task } from "manyhands/asyncio";

function shown(error: unknown): void {
  if (!(error instanceof DeadlockError)) throw error;
  console.log(`${error.code}\n${error.tree}`);
}

const ENDS: Record<string, () => unknown> = {
  "an unseen failure": () => {
    createTask(async () => {
      throw new Error("lost");
    });
  },
  "a failure in a clean-up": async () => {
    const value = await run(async () => {
      createTask(async () => {
        try {
          await sleep(1e6);
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what it is about
          throw new Error("in its clean-up");
        }
      });
      await sleep(0);
      return "value";
    });
    console.log(value);
  },
  "a deadlock": () =>
    run(async () => {
      const lock = new Lock();
      using _ = await lock.acquire();
      createTask(() => lock.acquire(), { name: "child" });
      await new Queue().get();
    }).catch(shown),
  "a ring": () =>
    run(async () => {
      const one: Task<unknown> = createTask(async () => await two, { name: "one" });
      const two: Task<unknown> = createTask(async () => await one, { name: "two" });
      await one;
    }).catch(shown),
  "a foreign deadlock": () => run(() => new Promise(() => undefined)).catch(shown),
  interrupt: () =>
    run(async () => {
      setImmediate(() => process.kill(process.pid, "SIGINT"));
      try {
        await sleep(1e6);
      } finally {
        await sleep(1);
        console.log("cleaned up");
      }
    }),
};

process.on("unhandledRejection", (reason) => console.log("unhandled", (reason as Error).message));
await ENDS[process.argv[2] ?? ""]?.();
