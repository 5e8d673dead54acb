/** How much a process and its children do, looked at from outside: the process that is looked at is not woken for it.
 *  What Linux counts of each thread in /proc. */
import { readdirSync, readFileSync } from "node:fs";

interface Thread {
  readonly name: string;
  /** How often it went to sleep of its own accord, which is how often it had been woken. */
  readonly sleeps: number;
  /** Processor time in ticks of 10 ms. */
  readonly ticks: number;
}

/** What a thread did in a stretch of time. */
export interface Activity {
  readonly thread: string;
  readonly wakeUps: number;
  readonly ticks: number;
}

function* tree(pid: number): Generator<number> {
  yield pid;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
    for (const child of children === "" ? [] : children.split(" ")) yield* tree(Number(child));
  }
}

/** The threads of a process and of its children, by id. */
function threadsOf(pid: number): ReadonlyMap<string, Thread> {
  const threads = new Map<string, Thread>();
  for (const each of tree(pid)) {
    for (const id of readdirSync(`/proc/${each}/task`)) {
      const folder = `/proc/${each}/task/${id}`;
      const status = readFileSync(`${folder}/status`, "utf8");
      // The name, in parentheses, may hold spaces; what is counted from here on does not.
      const times = readFileSync(`${folder}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      threads.set(id, {
        name: /^Name:\s*(.*)$/m.exec(status)?.[1] ?? "?",
        sleeps: Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]),
        ticks: Number(times[11]) + Number(times[12]),
      });
    }
  }
  return threads;
}

/** What the threads of a process and of its children do in `ms`. */
export async function activityOf(pid: number, ms: number): Promise<readonly Activity[]> {
  const before = threadsOf(pid);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return [...threadsOf(pid)].map(([id, { name, sleeps, ticks }]) => {
    const from = before.get(id) ?? { sleeps: 0, ticks: 0 };
    return { thread: `${name} ${id}`, wakeUps: sleeps - from.sleeps, ticks: ticks - from.ticks };
  });
}
