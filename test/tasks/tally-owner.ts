/** Tasks of a process that owns tallies, or hands on those of others. */
import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { closed, Tally } from "./tally.js";
import { addTo, giveBack } from "./tallying.js";

let own: Tally | undefined;

export function makeTally(): Tally {
  own = new Tally();
  return own;
}

export function readOwn(): number {
  return own?.addHere(0) ?? Number.NaN;
}

export function isOwn(tally: Tally): boolean {
  return tally === own;
}

export function closedHere(): readonly number[] {
  return closed;
}

/** Which module is imported here by this name. */
export function resolved(specifier: string): string {
  return import.meta.resolve(specifier);
}

/** The number of this process. */
export function pid(): number {
  return process.pid;
}

export async function throughThread(tally: Tally, by: number): Promise<number> {
  await using pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  return await pool.submit(addTo, tally, by);
}

export async function throughProcess(tally: Tally, by: number): Promise<number> {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 1 });
  // There and back: what comes is the same object.
  const same = await pool.submit(giveBack<Tally>, tally);
  if (same !== tally) throw new TypeError("another object came back");
  return await pool.submit(addTo, tally, by);
}

export function addSync(tally: Tally, by: number, times: number): number {
  let sum = 0;
  for (let time = 0; time < times; time += 1) {
    tally.remote.post("add", [by]);
    sum = tally.remote.callSync("add", [by]) as number;
  }
  return sum;
}

export function failSync(tally: Tally): unknown {
  return tally.remote.callSync("fail", []);
}

export async function postMuchThenSync(tally: Tally, posts: number): Promise<number> {
  // More than a socket takes at once: what is left over must not be overtaken.
  const ballast = "x".repeat(100_000);
  for (let post = 0; post < posts; post += 1) tally.remote.post("add", [1, ballast]);
  const sum = tally.remote.callSync("add", [0]) as number;
  // And the rest of it, which the system takes now, must not count again.
  return (await tally.remote.call("add", [0])) === sum ? sum : Number.NaN;
}

/** Adds, and does not come back. */
export async function addAndHang(tally: Tally, by: number): Promise<never> {
  await tally.add(by);
  return new Promise<never>(() => setInterval(() => undefined, 1000));
}

export async function addAndDie(tally: Tally, by: number): Promise<void> {
  await tally.add(by);
  process.kill(process.pid, "SIGKILL");
}

export async function callAndCancel(tally: Tally): Promise<string> {
  const controller = new AbortController();
  const call = tally.remote.call("until aborted", [], { signal: controller.signal });
  // The owner has it by then: calls are begun in order.
  await tally.read();
  controller.abort(new RangeError("enough"));
  return call.then(
    () => "ended",
    (error: Error) => `${error.name} because of ${error.cause}`,
  );
}

export async function askForFailure(tally: Tally): Promise<never> {
  return (await tally.remote.call("fail", [])) as never;
}

export async function postAFailure(tally: Tally): Promise<string> {
  tally.remote.post("fail", []);
  const told = await tally.remote.call("add", [0]).then(
    () => "nothing",
    (error: Error) => error.message,
  );
  return `${told}, then ${await tally.read()}`;
}

export async function keepInIt(keeper: Tally, what: unknown): Promise<boolean> {
  await keeper.remote.call("keep", [what]);
  return (await keeper.remote.call("kept", [])) === what;
}

/** Uses it again and again until its owner is gone. */
export async function addUntilItFails(tally: Tally): Promise<unknown> {
  for (;;) await tally.add(1);
}

export async function useAndForget(tally: Tally, by: number): Promise<number> {
  return tally.add(by);
}

/** Only for a worker that runs with `--expose-gc`. */
export async function collect(): Promise<void> {
  for (let time = 0; time < 3; time += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
