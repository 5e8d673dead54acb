/** What a task, a lock and a queue cost on one event loop, beside what else there is for it; and a million that sleep. */
import type { Figures, Measure, Participant, Scale } from "../measure.js";
import { type Programs, TASK_SUBJECTS, type TaskSubject, type Work } from "../peers/tasks.js";
import { pythonProgram } from "../python.js";

type Program = keyof Programs;

/** How often in one pass; and for how long passes go on, in ms, after the first. */
const PASSES = {
  run: { full: 100_000, quick: 20_000, title: "tiny async functions as tasks, all at once" },
  gather: { full: 100_000, quick: 20_000, title: "a list of tiny async functions, handed over whole" },
  bounded: { full: 100_000, quick: 20_000, title: "tiny async functions, 100 at a time" },
  alone: { full: 100_000, quick: 20_000, title: "a lock that is acquired, awaited, and released" },
  handover: { full: 1000, quick: 1000, title: "a lock that goes through the hands of 1000 who wait" },
  queue: { full: 100_000, quick: 20_000, title: "numbers through a queue of 100" },
} as const;
const WARM_FOR = { full: 700, quick: 100 } as const;

/** How many sleep at once. */
const SLEEPERS = { full: 1_000_000, quick: 50_000 } as const;
/** CPython takes a minute for a million. */
const PYTHON_SLEEPERS = { full: 100_000, quick: 10_000 } as const;
/** What a million may take of the heap, in MiB. Node's own limit depends on the machine. */
const HEAP = 2048;

/** @throws Error when a result is wrong: who answers wrongly has no speed worth knowing. */
function check(program: keyof typeof PASSES, results: unknown, count: number): void {
  if (program === "queue" && results !== (count * (count - 1)) / 2) throw new Error(`The sum is not ${results}`);
  if (program !== "run" && program !== "gather" && program !== "bounded") return;
  if (!Array.isArray(results) || results.length !== count) throw new Error("There are not as many results as tasks");
  const wrong = results.findIndex((result, at) => result !== at * at);
  if (wrong >= 0) throw new Error(`The square of ${wrong} is not ${results[wrong]}`);
}

async function passes(program: keyof typeof PASSES, work: Work, scale: Scale): Promise<Figures> {
  const count = PASSES[program][scale];
  const pass = async (): Promise<void> => check(program, await work(count), count);
  const begun = performance.now();
  await pass();
  const warmFrom = performance.now();
  let done = 0;
  while (done === 0 || performance.now() - warmFrom < WARM_FOR[scale]) {
    await pass();
    done += count;
  }
  const [cold, warm] = [warmFrom - begun, performance.now() - warmFrom];
  return { cold: (count * 1000) / cold, warm: (done * 1000) / warm };
}

const python = (program: Program, order: (scale: Scale) => Readonly<Record<string, number>>): Participant => ({
  name: "CPython asyncio",
  kind: "event-loop",
  needs: "python3",
  run: (scale) => pythonProgram("tasks.py", { program, ...order(scale) }),
});

function participants(program: Program, run: (work: Work, scale: Scale) => Promise<Figures>): Participant[] {
  const able = TASK_SUBJECTS.flatMap(({ programs, ...subject }: TaskSubject) => {
    const open = programs[program];
    return open === undefined ? [] : [{ ...subject, open }];
  });
  return able.map(({ open, ...subject }) => ({
    ...subject,
    kind: "event-loop",
    run: async (scale) => run(await open(), scale),
  }));
}

const speed = (program: keyof typeof PASSES): Measure => ({
  name: `tasks ${program}`,
  title: PASSES[program].title,
  figures: ["cold", "warm"].map((name) => ({ name, unit: "a second", better: "higher" })),
  quickPeers: ["p-limit", "async-mutex"],
  participants: [
    ...participants(program, (work, scale) => passes(program, work, scale)),
    python(program, (scale) => ({ count: PASSES[program][scale] / 10, ms: WARM_FOR[scale] })),
  ],
});

/** All are asleep when the time of making them ends: they are not awaited, the process ends with its figures. */
async function asleep(work: Work, scale: Scale): Promise<Figures> {
  const count = SLEEPERS[scale];
  globalThis.gc?.();
  const before = process.memoryUsage();
  const begun = performance.now();
  void Promise.resolve(work(count));
  // Tasks start at the end of the turn.
  await new Promise((turn) => setImmediate(turn));
  const time = performance.now() - begun;
  // What the process takes from the system at its highest, with garbage; then what must be kept.
  const { rss } = process.memoryUsage();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return {
    time: (time * 1000) / count,
    kept: (heapUsed + external - before.heapUsed - before.external) / count,
    resident: (rss - before.rss) / count,
  };
}

const sleep: Measure = {
  name: "tasks asleep",
  title: `a million tasks that sleep at once (CPython: 100 000), with --max-old-space-size=${HEAP}`,
  nodeOptions: [`--max-old-space-size=${HEAP}`, "--expose-gc"],
  figures: [
    { name: "time", unit: "µs a task", better: "lower" },
    { name: "kept", unit: "bytes a task", better: "lower" },
    { name: "resident", unit: "bytes a task", better: "lower" },
  ],
  quickPeers: [],
  participants: [
    ...participants("sleep", asleep),
    python("sleep", (scale) => ({ count: PYTHON_SLEEPERS[scale], ms: 0 })),
  ],
};

export const tasks: readonly Measure[] = [
  speed("run"),
  speed("gather"),
  speed("bounded"),
  speed("alone"),
  speed("handover"),
  speed("queue"),
  sleep,
];
