/** `regressions.js WAY`: what regressions.test.ts must try in a program of its own. Each prints one line, and ends by itself. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import {
  asCompleted,
  EventLoopExecutor,
  type Executor,
  Future,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
  wait,
} from "manyhands";
import { identity, square } from "#tasks/basic.js";

const reports: string[] = [];
const note = (what: string) => (reason: unknown) => {
  reports.push(`${what}: ${reason instanceof Error ? reason.message : String(reason)}`);
};
process.on("unhandledRejection", note("unhandled"));
process.on("uncaughtException", note("uncaught"));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The ways to look at a failure that handle it. */
const LOOKS: Readonly<Record<string, (future: Future<unknown>) => Promise<unknown>>> = {
  result: (future) => future.result().catch(() => undefined),
  exception: (future) => future.exception(),
  wait: (future) => wait([future]),
  async asCompleted(future) {
    for await (const _settled of asCompleted([future])) {
      // It is given as it is.
    }
  },
};

/** Failures of every origin: at hand, of a call that cannot leave, of a call that ran. */
function failures(executors: readonly Executor[]): readonly Future<unknown>[] {
  const { future, reject } = Future.withResolvers<unknown>();
  reject(new Error("at hand"));
  const pools = executors.flatMap((executor) => [
    executor.submit(identity, () => undefined),
    executor.submit(() => {
      throw new Error("thrown");
    }),
  ]);
  return [future, ...pools];
}

async function looked(): Promise<void> {
  const executors = [new EventLoopExecutor(), new ThreadPoolExecutor({ maxWorkers: 1 })];
  for (const [name, look] of Object.entries(LOOKS)) {
    for (const when of ["at once", "later in the turn", "after a done callback"]) {
      // All at the same time: what had to wait for the others to be looked at might be reported meanwhile, and rightly.
      const looks = failures(executors).map(async (future) => {
        if (when === "later in the turn") for (let n = 0; n < 3; n += 1) await undefined;
        if (when === "after a done callback") future.addDoneCallback(() => undefined);
        await look(future);
      });
      await Promise.all(looks);
      await turn();
      reports.push(
        ...reports.splice(0).map((report) => (report.startsWith("un") ? `${name} ${when}: ${report}` : report)),
      );
    }
  }
  for (const executor of executors) await executor.shutdown();
  await turn();
  console.log(JSON.stringify(reports));
}

/** Opens files until the system gives no more, then so many fewer. */
function openAllBut(spare: number): readonly number[] {
  const open: number[] = [];
  try {
    for (;;) open.push(openSync("/dev/null", "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  }
  for (const descriptor of open.splice(0, spare)) closeSync(descriptor);
  return open;
}

/** Itself once more, where few files may be open. */
async function descriptors(): Promise<void> {
  const again = 'ulimit -n 128; exec "$0" "$1" starved';
  const { status } = spawnSync("bash", ["-c", again, process.execPath, process.argv[1] ?? ""], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

async function starved(): Promise<void> {
  // What is loaded when it is first needed must be there before the descriptors are gone.
  const first = new ProcessPoolExecutor({ maxWorkers: 1 });
  await first.submit(square, 1);
  await first.shutdown();
  const ends: string[] = [];
  for (let spare = 0; spare <= 12; spare += 1) {
    const taken = openAllBut(spare);
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const calls = [executor.submit(square, 2), executor.submit(square, 3)];
    const names = await Promise.all(
      calls.map((call) =>
        call.result().then(
          () => "done",
          (error: Error) => error.name,
        ),
      ),
    );
    ends.push(names.join("+"));
    await executor.terminate();
    for (const descriptor of taken) closeSync(descriptor);
  }
  await turn();
  console.log(JSON.stringify({ ends, reports }));
}

/** Ends executors whose processes cannot be started, in the turn that tries to start them. */
async function unstartable(): Promise<void> {
  const options = { maxWorkers: 1, cwd: "/does/not/exist" };
  for (let n = 0; n < 10; n += 1) await new ProcessPoolExecutor({ ...options, minWorkers: 1 }).terminate();
  const used = new ProcessPoolExecutor(options);
  const call = used.submit(square, 2);
  const settled = call.result().catch(() => undefined);
  await undefined;
  await used.terminate();
  await settled;
  await turn();
  console.log(call.state, reports.join());
}

/** Leaves a rate gate shut with nobody before it. */
async function gate(): Promise<void> {
  const executor = new EventLoopExecutor({ rate: { limit: 1, per: 3_600_000 } });
  await executor.submit(() => 1);
  const second = executor.submit(() => 2);
  second.catch(() => undefined);
  await turn();
  second.cancel();
  console.log(second.state);
}

const WAYS: Readonly<Record<string, () => Promise<void>>> = { looked, descriptors, starved, unstartable, gate };
const run = WAYS[process.argv[2] ?? ""];
if (run === undefined) throw new RangeError(`no way is called ${process.argv[2]}`);
await run();
