/** Programs whose waits keep them alive, or not. Prints what it sees. */
import { Worker } from "node:worker_threads";
import { Process } from "manyhands/multiprocessing";
import { Condition, Event, Lock } from "manyhands/threading";
import { notifyShared, setShared } from "../tasks/primitives.js";
import { parcelsOf } from "../tasks/reviving.js";

const SHARING = new URL("./sharing.js", import.meta.url);
const start = (job: string, objects: readonly object[]): Worker =>
  new Worker(SHARING, {
    workerData: { job, parcels: parcelsOf(objects), numbers: new Int32Array(new SharedArrayBuffer(8)) },
  });

const PROGRAMS: Record<string, () => unknown> = {
  /** Nobody else has the lock, so nobody could end the wait. */
  async own() {
    const lock = new Lock();
    await lock.acquire();
    console.log("waits");
    await lock.acquire();
  },
  /** The worker is not waited for, only the event is. */
  async shared() {
    const event = new Event();
    start("setEvent", [event]).unref();
    console.log(await event.wait());
  },
  /** Nobody waits for the process, only for the event; it holds the program before it has come for it. */
  async lent() {
    const event = new Event();
    new Process(setShared, [event], { daemon: true }).start();
    console.log(await event.wait());
  },
  /** The same, for a lock that goes with a condition. */
  async lentWithin() {
    const changed = new Condition(new Lock());
    await changed.acquire();
    new Process(notifyShared, [changed], { daemon: true }).start();
    console.log(await changed.wait());
  },
  /** A worker's own wait keeps the worker alive, and so the program. */
  async theirs() {
    const event = new Event();
    const worker = start("awaitEvent", [event]);
    worker.on("message", (word) => {
      console.log(word);
      event.set();
    });
  },
  /** The wait is over: nothing holds the program any more. */
  async over() {
    const [event, lock] = [new Event(), new Lock()];
    parcelsOf([event, lock]);
    console.log(await event.wait({ timeout: 1 }));
    await lock.with(() => console.log("held"));
  },
};

await PROGRAMS[process.argv[2] ?? ""]?.();
