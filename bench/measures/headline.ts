/** What tutorials time: 20 000 squares by one map, or by 20 000 single calls. */
import { check, runWindow, timed, warmUp } from "../calls.js";
import type { Figures, Measure } from "../measure.js";
import { abandon, closeInTime, participantsOf, type Round, WORKERS } from "../participants.js";
import { pythonParticipants } from "../python.js";
import type { Subject } from "../subject.js";

const COUNT = 20_000;

/** Peers that are slower than others of their kind, and do the same in all four forms: one of them is enough. */
const ONCE = ["piscina", "tinypool", "workerpool", "jest-worker"];

/** It takes two seconds, with or without its start. */
const SLOWEST = "CPython ProcessPoolExecutor";

type Form = "map" | "apply";

/** A peer without a map of its own gets what its users write: `Promise.all` of single calls. */
async function work(subject: Subject, form: Form): Promise<void> {
  if (form === "apply" || subject.map === undefined) return runWindow(subject, 0, COUNT);
  const items = Array.from({ length: COUNT }, (_, n) => n);
  check(await subject.map(items), 0, COUNT);
}

async function run({ open }: Round, form: Form, inAll: boolean): Promise<Figures> {
  if (!inAll) {
    const subject = await open();
    await warmUp(subject, WORKERS);
    const time = await timed(() => work(subject, form));
    abandon(subject);
    return { "": time };
  }
  const time = await timed(async () => {
    const subject = await open();
    await work(subject, form);
    await closeInTime(subject);
  });
  return { "": time };
}

const headline = (form: Form, inAll: boolean): Measure => ({
  name: `headline ${form} ${inAll ? "in all" : "after start"}`,
  title: `20 000 squares by ${form === "map" ? "one map" : "single calls"}, ${
    inAll ? "with loading, start and end of the pool" : "the pool being up"
  }`,
  figures: [{ name: "", unit: "ms", better: "lower" }],
  quickPeers: ["multithreading", "poolifier"],
  // One of each form says enough.
  quickKinds: (form === "map") === inAll ? [] : ["threads", "processes"],
  participants: [
    ...participantsOf("square", (round) => run(round, form, inAll), { except: form === "apply" && inAll ? [] : ONCE }),
    ...pythonParticipants("headline.py", () => ({ form, inAll, count: COUNT }), inAll ? [] : [SLOWEST]),
  ],
});

export const headlines: readonly Measure[] = [
  headline("map", true),
  headline("map", false),
  headline("apply", true),
  headline("apply", false),
];
