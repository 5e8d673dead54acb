/** Which tasks there are, what each of them waits for, and who made whom: what one wants to see when a program hangs. */
import { currentLoop, type Task } from "./task.js";

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
 *  // main · running · waits for a task group
 *  // ├─ fetch-2 · running · waits for Queue.get()
 *  // └─ parse-3 · running
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
  const draw = (task: Task<unknown>, before: string, below: string): void => {
    lines.push(before + described(task));
    const children = made.get(task) ?? [];
    children.forEach((child, at) => {
      const last = at === children.length - 1;
      draw(child, `${below}${last ? "└─ " : "├─ "}`, `${below}${last ? "   " : "│  "}`);
    });
  };
  for (const root of made.get(undefined) ?? []) draw(root, "", "");
  return lines.join("\n");
}

function nearest(task: Task<unknown> | undefined, among: ReadonlySet<Task<unknown>>): Task<unknown> | undefined {
  let above = task;
  while (above !== undefined && !among.has(above)) above = above.parent;
  return above;
}

function described(task: Task<unknown>): string {
  const waits = task.waitingFor;
  const asked = task.cancelling() > 0 ? " · being cancelled" : "";
  return `${task.name} · ${task.state}${waits.length === 0 ? "" : ` · waits for ${waits.join(" and ")}`}${asked}`;
}
