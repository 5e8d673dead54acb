/** `memory-owner.js HOW`: a program that creates shared memory, prints its names, and ends in a certain way. */
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
  default:
    throw new Error(`there is no way ${how}`);
}

function wait(): void {
  setTimeout(() => process.exit(9), 30_000);
}
