/** Two withdrawals of 600 from an account of 1000, at the same time: with a lock exactly one succeeds and 400 remain; without
 *  one both see 1000, and both succeed. By tasks, threads and processes.
 *
 *  A race that is left to luck is seldom seen. Without the lock both wait for each other at a barrier between the look and
 *  the withdrawal, so that it is lost every time.
 *
 *      node examples/built/bank-account.js */
import { isMain } from "manyhands";
import { createTask } from "manyhands/asyncio";
import { Process, Value } from "manyhands/multiprocessing";
import { Barrier, Lock, Thread } from "manyhands/threading";

/** Where the balance is, so that tasks, threads and processes see the same. */
export interface Account {
  readonly balance: Value<"f64">;
  readonly lock: Lock;
  /** Where two that have looked wait for each other. */
  readonly meeting: Barrier;
}

export type Way = "with the lock" | "without a lock";

async function takeOut({ balance, meeting }: Account, amount: number, way: Way): Promise<boolean> {
  const seen = balance.value;
  if (seen < amount) return false;
  if (way === "without a lock") await meeting.wait();
  balance.value = seen - amount;
  return true;
}

/** Withdraws, if there is enough. @returns whether there was. */
export async function withdraw(account: Account, amount: number, way: Way): Promise<boolean> {
  if (way === "with the lock") return await account.lock.with(() => takeOut(account, amount, way));
  return await takeOut(account, amount, way);
}

/** Who withdraws. */
export const RUNNERS = {
  tasks: (account: Account, amount: number, way: Way) => createTask(() => withdraw(account, amount, way)),
  threads: (account: Account, amount: number, way: Way) => {
    const thread = new Thread(withdraw, [account, amount, way]);
    thread.start();
    return thread.result();
  },
  processes: (account: Account, amount: number, way: Way) => {
    const child = new Process(withdraw, [account, amount, way]);
    child.start();
    return child.result();
  },
} as const;

export interface Ending {
  /** Withdrawals that succeeded. */
  readonly succeeded: number;
  readonly balance: number;
}

/** Two withdrawals of 600 from 1000 at once. */
export async function twoAtOnce(by: keyof typeof RUNNERS, way: Way): Promise<Ending> {
  using balance = new Value("f64", 1000, { lock: false });
  const account = { balance, lock: new Lock(), meeting: new Barrier(2) };
  const both = await Promise.all([RUNNERS[by](account, 600, way), RUNNERS[by](account, 600, way)]);
  return { succeeded: both.filter(Boolean).length, balance: balance.value };
}

async function main(): Promise<void> {
  for (const by of Object.keys(RUNNERS) as (keyof typeof RUNNERS)[]) {
    for (const way of ["with the lock", "without a lock"] as const) {
      const { succeeded, balance } = await twoAtOnce(by, way);
      console.log(`${by} ${way}: ${succeeded} of 2 withdrawals of 600 succeeded, ${balance} of 1000 remain`);
    }
  }
}

if (isMain(import.meta)) await main();
