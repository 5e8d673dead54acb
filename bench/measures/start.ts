/** How long it takes from before the library is loaded to the first results. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { timed } from "../calls.js";
import type { Figures, Measure, Participant } from "../measure.js";
import { abandon, participantsOf, type Round } from "../participants.js";
import { pythonParticipants } from "../python.js";

const hello = fileURLToPath(new URL("../peers/hello-worker.cjs", import.meta.url));

/** As many calls as workers: a pool may well answer both from the worker that is up first. */
async function run({ open }: Round, workers: number): Promise<Figures> {
  const begun = performance.now();
  const subject = await open(workers);
  const results = await Promise.all(Array.from({ length: workers }, (_, n) => subject.call(n)));
  const time = performance.now() - begun;
  if (results.some((result, n) => result !== n * n)) throw new Error(`Wrong results: ${results.join(", ")}`);
  abandon(subject);
  return { "": time };
}

const limit = (kind: "threads" | "processes", workers: number): Participant => ({
  name: "limit",
  kind,
  run: async () => {
    const first = (): Promise<unknown> => once(kind === "threads" ? new Worker(hello) : fork(hello), "message");
    return { "": await timed(() => Promise.all(Array.from({ length: workers }, first))) };
  },
});

const start = (name: string, workers: number): Measure => ({
  name,
  title: `from before the import to the results of ${workers === 1 ? "a call" : "two calls at once, two workers"}`,
  figures: [{ name: "", unit: "ms", better: "lower" }],
  quickPeers: ["tinypool"],
  participants: [
    ...participantsOf("square", (round) => run(round, workers), { except: ["limit"] }),
    limit("threads", workers),
    limit("processes", workers),
    ...pythonParticipants("start.py", () => ({ workers })),
  ],
});

export const starts: readonly Measure[] = [start("start one", 1), start("start two", 2)];
