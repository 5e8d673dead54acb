/** `leaving.js KIND WAY FILE`: ways for a program to come to its end, each of which must end it, with exit code 0. */
import { CancelledError, type Executor } from "manyhands";
import { record, square } from "#tasks/basic.js";
import { waitForEver } from "#tasks/stopping.js";
import { printLine } from "#tasks/telling.js";
import { candidate } from "../conformance/executors.js";
import { made } from "../conformance/support.js";

const [, , kind, way = "", file = ""] = process.argv;
const { make } = candidate(kind);

function submitTen(executor: Executor): void {
  for (let n = 0; n < 10; n += 1) void executor.submit(record, file, String(n));
}

const WAYS: Readonly<Record<string, () => Promise<void>>> = {
  async idle() {
    console.log(await make({ maxWorkers: 2 }).submit(square, 3));
  },
  async busy() {
    submitTen(make({ maxWorkers: 2 }));
  },
  async shutdown() {
    const executor = make({ maxWorkers: 2 });
    submitTen(executor);
    void executor.shutdown();
  },
  async cancelled() {
    const executor = make({ maxWorkers: 1 });
    const future = executor.submit(square, 3);
    future.cancel();
    const error = await future.result().catch((reason: unknown) => reason);
    console.log(error instanceof CancelledError ? error.name : error);
  },
  async using() {
    let done = 0;
    {
      await using executor = make({ maxWorkers: 2 });
      for (let n = 0; n < 10; n += 1) executor.submit(square, n).addDoneCallback(() => (done += 1));
    }
    console.log(done);
  },
  async "half-map"() {
    const executor = make({ maxWorkers: 2 });
    const taken: number[] = [];
    for await (const value of executor.map(square, naturals())) {
      taken.push(value);
      if (taken.length === 3) break;
    }
    console.log(taken.join());
  },
  async unref() {
    const executor = make({ maxWorkers: 1, ref: false });
    void executor.submit(waitForEver, file);
    await made(file);
    console.log("left");
  },
  async printing() {
    await make({ maxWorkers: 1 }).submit(printLine, "printed by the task");
  },
};

function* naturals(): Generator<number> {
  for (let n = 0; ; n += 1) yield n;
}

const run = WAYS[way];
if (run === undefined) throw new RangeError(`no way is called ${way}`);
await run();
