/** Which tasks there are, what each of them waits for, and who made whom: what one wants to see when a program hangs. */
import { currentLoop, currentTask, type Task } from "./task.js";

/** All tasks that have not ended, of the current `run`; outside of runs those that were made outside. In the order in which
 *  they were made.
 *  @example
 *  ```ts
 *  console.error(formatTasks(allTasks()));
 *  ``` */
export function allTasks(): Set<Task<unknown>> {
  return new Set(currentLoop().tasks);
}

/** Draws tasks as a tree, one line each: name, state, and what it waits for.
 *
 *  @param tasks whose makers are drawn above them where they are among them
 *  @example
 *  ```ts
 *  process.on("SIGQUIT", () => console.error(formatTasks()));
 *  // main · running · waits for a task group of 2
 *  // ├─ fetch-2 · running · waits for Queue.get()
 *  // └─ parse-3 · running · waits for a foreign promise
 *  ``` */
export function formatTasks(tasks: Iterable<Task<unknown>> = allTasks()): string {
  const all = new Set(tasks);
  const made = new Map<Task<unknown> | undefined, Task<unknown>[]>();
  for (const task of all) {
    const above = nearest(task.parent, all);
    const list = made.get(above);
    if (list === undefined) made.set(above, [task]);
    else list.push(task);
  }
  const lines: string[] = [];
  // Not by recursion: a task may have been made by one that was made by one, a hundred thousand times.
  const rest: Branch[] = (made.get(undefined) ?? []).map((task) => ({ task, before: "", below: "" })).reverse();
  for (let branch = rest.pop(); branch !== undefined; branch = rest.pop()) {
    const { task, before, below } = branch;
    lines.push(before + described(task));
    const children = made.get(task) ?? [];
    for (let at = children.length - 1; at >= 0; at -= 1) {
      const last = at === children.length - 1;
      const child = children[at] as Task<unknown>;
      const before = `${below}${last ? "└─ " : "├─ "}`;
      rest.push({ task: child, before, below: below.length < WIDEST ? `${below}${last ? "   " : "│  "}` : below });
    }
  }
  return lines.join("\n");
}

/** Where a tree grows no wider: a chain of thousands would have more blanks than names. */
const WIDEST = 90;

/** A task that is still to be drawn: what stands before its line, and before those below it. */
interface Branch {
  readonly task: Task<unknown>;
  readonly before: string;
  readonly below: string;
}

function nearest(task: Task<unknown> | undefined, among: ReadonlySet<Task<unknown>>): Task<unknown> | undefined {
  let above = task;
  while (above !== undefined && !among.has(above)) above = above.parent;
  return above;
}

function described(task: Task<unknown>): string {
  const waits = task.waitingFor;
  // One that is in the middle of its function, and does not run just now, awaits something; nobody here knows what.
  const foreign = waits.length === 0 && task.state === "running" && task !== currentTask();
  const waiting = foreign ? ["a foreign promise"] : waits;
  const asked = task.cancelling() > 0 ? " · being cancelled" : "";
  return `${task.name} · ${task.state}${waiting.length === 0 ? "" : ` · waits for ${waiting.join(" and ")}`}${asked}`;
}
