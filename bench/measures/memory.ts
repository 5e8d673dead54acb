/** How much memory an idle worker takes: what four more of them add to the proportional set size of all processes. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Figures, Measure } from "../measure.js";
import { participantsOf, type Round } from "../participants.js";
import type { Subject } from "../subject.js";

const EXTRA = 4;
/** About 50 ms of work: while some run, the others of the pool are needed, and so they start. */
const PRIME = 112_272_535_095_293;

/** Only while it is needed: workers that start under such a flag start slower, and may be larger. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  setFlagsFromString("--no-expose-gc");
}

function descendants(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  const children = readdirSync(folder).flatMap((thread) =>
    readFileSync(`${folder}/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(descendants)];
}

/** In MiB. Pages that processes share count in part for each; the resident set counts them in full, and so misleads. */
function proportionalSet(): number {
  return descendants(process.pid).reduce((sum, pid) => {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return sum + Number(pss) / 1024;
  }, 0);
}

async function settled(subject: Subject, workers: number): Promise<number> {
  await Promise.all(Array.from({ length: 2 * workers }, () => subject.call(PRIME)));
  await sleep(200);
  collect();
  return proportionalSet();
}

async function run({ open }: Round): Promise<Figures> {
  const before = await settled(await open(1), 1);
  const after = await settled(await open(EXTRA), EXTRA);
  return { "": (after - before) / EXTRA };
}

export const memory: Measure = {
  name: "payload memory of an idle worker",
  title: "what each of four more workers adds to the proportional set size",
  figures: [{ name: "", unit: "MiB", better: "lower" }],
  quickPeers: ["tinypool"],
  // Linux alone tells the proportional set. multithreading has one pool for a process.
  participants: existsSync("/proc/self/smaps_rollup")
    ? participantsOf("isPrime", run, { except: ["multithreading", "piscina tuned"] })
    : [],
};
