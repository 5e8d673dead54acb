/** Two threads, named, that each wait for 2 s take about 2 s in all; a third one, a daemon, would go on for an hour, and does
 *  not hold the program.
 *
 *      node examples/built/two-threads.js */
import { setTimeout as sleep } from "node:timers/promises";
import { isMain } from "manyhands";
import { currentThread, Thread } from "manyhands/threading";

/** What a thread says about the work it did. */
export interface Report {
  readonly thread: string;
  readonly ident: number | undefined;
}

/** Works for `ms`. */
export async function work(ms: number): Promise<Report> {
  await sleep(ms);
  const { name, ident } = currentThread();
  return { thread: name, ident };
}

/** Watches for an hour, but nobody waits for it. */
export async function watch(): Promise<void> {
  await sleep(3_600_000);
}

/** Runs both, each for `ms`, while a daemon watches. */
export async function runBoth(ms: number): Promise<Report[]> {
  const daemon = new Thread(watch, [], { name: "watcher", daemon: true });
  daemon.start();
  const threads = ["first", "second"].map((name) => new Thread(work, [ms], { name }));
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
  return await Promise.all(threads.map((thread) => thread.result()));
}

async function main(): Promise<void> {
  const begun = performance.now();
  const reports = await runBoth(2000);
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  for (const { thread, ident } of reports) console.log(`thread ${ident}, called ${thread}, worked for 2 s`);
  console.log(`both, this is ${currentThread().name}: ${seconds} s`);
}

if (isMain(import.meta)) await main();
