/** `unhandled.js KIND WAY`: prints how many `unhandledRejection`s a failure caused, and their messages. */
import { square } from "#tasks/basic.js";
import { squareUnless } from "#tasks/failing.js";
import { candidate } from "../conformance/executors.js";

const [, , kind, way = ""] = process.argv;
const messages: string[] = [];
process.on("unhandledRejection", (reason) => messages.push(reason instanceof Error ? reason.message : String(reason)));

const executor = candidate(kind).make({ maxWorkers: 1 });
const failing = () => executor.submit(squareUnless, { n: 1, bad: "nobody looks" });

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  async nobody() {
    failing();
  },
  async await() {
    const future = failing();
    try {
      await future;
    } catch {
      // That it is caught is the point.
    }
  },
  async catch() {
    await failing().catch(() => {});
  },
  async exception() {
    await failing().exception();
  },
  async settled() {
    for await (const _outcome of executor
      .map(squareUnless, [
        { n: 1, bad: "x" },
        { n: 2, bad: "y" },
      ])
      .settled()) {
      // Each outcome has been looked at by being taken.
    }
  },
  async two() {
    const future = failing();
    await Promise.all([future.catch(() => {}), future.exception(), future.then(undefined, () => {})]);
  },
  async chained() {
    void failing().then((value) => value);
  },
  async cancelled() {
    executor.submit(square, 1).cancel();
  },
};

const run = WAYS[way];
if (run === undefined) throw new RangeError(`no way is called ${way}`);
await run();
// A round trip behind the failure, and a turn for the runtime to report it.
await executor.submit(square, 2);
await executor.shutdown();
await new Promise((resolve) => setImmediate(resolve));
console.log([messages.length, ...messages].join(" "));
