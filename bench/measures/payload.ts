/** How often data of some size goes there and back in a second, and by which route. */
import type { Figures, Measure, Participant, Scale } from "../measure.js";
import { abandon, participantsOf, type Round } from "../participants.js";
import { entries as limits } from "../peers/limit.js";
import { openExecutor } from "../peers/manyhands.js";
import { rawProcess, rawThread } from "../peers/raw.js";
import type { Kind } from "../subject.js";

const DURATION = { full: 120, quick: 50 } as const;
/** Of small objects once more, after V8 has compiled what they run through. */
const WARM = { full: 200, quick: 50 } as const;
const MIB = 2 ** 20;
const WINDOW = 500;
const record = (id: number): object => ({
  id,
  name: "Ada Lovelace",
  tags: Array.from({ length: 12 }, (_, i) => `tag number ${i}`),
  values: Array.from({ length: 60 }, (_, i) => i * 1.5),
  nested: { when: "1843-07-10T00:00:00Z", text: "x".repeat(300) },
});

type Call = (value: unknown) => PromiseLike<unknown>;

const doubles = (buffer: ArrayBufferLike): Float64Array => new Float64Array(buffer).fill(1.5);
const copies: Readonly<Record<string, () => Float64Array>> = {
  "1 MB copied": () => doubles(new ArrayBuffer(MIB)),
  "16 MB copied": () => doubles(new ArrayBuffer(16 * MIB)),
  "16 MB shared": () => doubles(new SharedArrayBuffer(16 * MIB)),
};

/** @returns times a second. */
async function rate(ms: number, perTurn: number, turn: () => Promise<unknown>): Promise<number> {
  await turn();
  const begun = performance.now();
  let turns = 0;
  do {
    await turn();
    turns += 1;
  } while (performance.now() - begun < ms);
  return (turns * perTurn * 1000) / (performance.now() - begun);
}

const intact = (result: unknown, sent: Float64Array): boolean =>
  result instanceof Float64Array && result.length === sent.length && result[7] === sent[7];

/** Small objects, many under way; each one another, since a message that holds one object twice writes it once. */
function records(call: Call, ms: number): Promise<number> {
  const all = Array.from({ length: WINDOW }, (_, id) => record(id));
  return rate(ms, WINDOW, () => Promise.all(all.map(call)));
}

async function smallObjects(call: Call, scale: Scale): Promise<Figures> {
  const cold = await records(call, DURATION[scale]);
  await records(call, WARM[scale]);
  return { "1 KB": cold, "1 KB warm": await records(call, WARM[scale]) };
}

/** Large arrays, one at a time. A figure is left out when no array comes back: some send JSON. */
async function arrays(call: Call, kind: Kind, ms: number): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const [name, make] of Object.entries(copies)) {
    if (kind === "processes" && name.endsWith("shared")) continue;
    const array = make();
    if (!intact(await call(array), array)) break;
    figures[name] = await rate(ms, 1, async () => call(array));
  }
  return figures;
}

/** An array that goes back and forth, and is never copied. */
async function moves(call: (array: Float64Array) => PromiseLike<unknown>, ms: number): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const size of [1, 16]) {
    let array = doubles(new ArrayBuffer(size * MIB));
    const { length } = array;
    figures[`${size} MB moved`] = await rate(ms, 1, async () => {
      array = (await call(array)) as Float64Array;
      if (array.length !== length) throw new Error("What came back is not what was sent");
    });
  }
  return figures;
}

async function run({ entry, scale, open }: Round): Promise<Figures> {
  const subject = await open();
  const ms = DURATION[scale];
  const figures = { ...(await smallObjects(subject.call, scale)), ...(await arrays(subject.call, entry.kind, ms)) };
  abandon(subject);
  if (entry.name !== "manyhands" || entry.kind !== "threads") return figures;
  // Loaded here: a round of another subject, or of another measure, must not find it loaded.
  const [{ transfer }, { moved }] = await Promise.all([import("manyhands"), import("../tasks/moved.js")]);
  const executor = await openExecutor("threads", 1);
  const further = await moves((array) => executor.submit(moved, transfer(array)), ms);
  const { count } = executor.stats().largeCopies;
  if (count > 0) throw new Error(`${count} arrays were copied that should have moved`);
  void executor.shutdown();
  return { ...figures, ...further };
}

/** Small objects in batches, large ones one message each. */
const limit = (kind: "threads" | "processes"): Participant => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const ms = DURATION[scale];
    const batched = await limits.find((entry) => entry.kind === kind)?.open(2, "echo");
    const small = batched === undefined ? {} : await smallObjects(batched.call, scale);
    const one = kind === "threads" ? rawThread("echo") : rawProcess("echo", "advanced");
    const large = await arrays((value) => one.exchange(value), kind, ms);
    if (kind === "processes") return { ...small, ...large };
    const mover = rawThread("echo", true);
    return { ...small, ...large, ...(await moves((array) => mover.exchange(array), ms)) };
  },
});

export const payload: Measure = {
  name: "payload",
  title: "objects of 1 KB (500 pending) and arrays of doubles (one at a time) there and back",
  figures: ["1 KB", "1 KB warm", "1 MB copied", "16 MB copied", "1 MB moved", "16 MB moved", "16 MB shared"].map(
    (name) => ({
      name,
      unit: "round trips/s",
      better: "higher",
    }),
  ),
  quickPeers: ["tinypool"],
  participants: [
    ...participantsOf("echo", run, { except: ["limit", "piscina tuned"] }),
    limit("threads"),
    limit("processes"),
  ],
};
