/** `memory-owner.js HOW`: a program that creates shared memory, prints its names, and ends in a certain way. */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { SharedMemory } from "manyhands/multiprocessing";

const [, , how, name] = process.argv;
const make = (options: object = {}): SharedMemory => new SharedMemory({ create: true, size: 4096, ...options });

switch (how) {
  case "exit":
  case "wait": {
    const kept = [make(), make(), make({ track: false })];
    // One that is unlinked is not cleaned up again, were its name taken by another meanwhile.
    make().unlink();
    console.log(`names ${kept.map((memory) => memory.name).join(" ")}`);
    if (how === "wait") wait();
    break;
  }
  case "attach": {
    const memory = new SharedMemory({ name: name ?? "" });
    memory.buf[0] = 1;
    console.log("attached");
    wait();
    break;
  }
  case "adopt": {
    const memory = new SharedMemory({ name: name ?? "", track: true });
    console.log(`adopted ${memory.name}`);
    wait();
    break;
  }
  case "thread": {
    const worker = new Worker(
      `import("manyhands/multiprocessing").then(({ SharedMemory }) => {
        const { parentPort } = require("node:worker_threads");
        parentPort.postMessage(new SharedMemory({ create: true, size: 4096 }).name);
      })`,
      { eval: true },
    );
    const made = new Promise<string>((resolve) => worker.once("message", resolve));
    const gone = new Promise((resolve) => worker.once("exit", resolve));
    const [created] = await Promise.all([made, gone]);
    // The thread has ended; the segment belongs to the process.
    new SharedMemory({ name: created }).close();
    console.log(`names ${created}`);
    break;
  }
  case "killed creating":
    dieIn("mmap");
    make();
    break;
  case "killed unlinking": {
    dieIn("shm_unlink");
    make().unlink();
    break;
  }
  case "killed disposing": {
    dieIn("shm_unlink");
    make()[Symbol.dispose]();
    break;
  }
  default:
    throw new Error(`there is no way ${how}`);
}

function wait(): void {
  setTimeout(() => process.exit(9), 30_000);
}

/** Has the program killed when the library makes that call of the system. The name of the first segment that it makes is told. */
function dieIn(call: string): void {
  type Call = (...given: unknown[]) => unknown;
  const koffi = createRequire(import.meta.url)("koffi") as { load(path: null): { func(prototype: string): Call } };
  const { load } = koffi;
  let told: "not yet" | "told" = "not yet";
  koffi.load = (path) => {
    const library = load(path);
    const func = (prototype: string): Call => {
      const real = library.func(prototype);
      return (...given) => {
        if (prototype.includes(`${call}(`)) process.kill(process.pid, "SIGKILL");
        if (prototype.includes("shm_open(") && told === "not yet") {
          told = "told";
          writeSync(1, `names ${String(given[0]).slice(1)}\n`);
        }
        return real(...given);
      };
    };
    return { func };
  };
}
