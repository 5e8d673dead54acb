/** Coroutines as tasks: one alone, one with a callback, three that are waited for together, and three whose results are
 *  collected in the order in which they end.
 *
 *      node examples/built/coroutines.js [UNIT_MS] */
import { isMain } from "manyhands";
import { asCompleted, createTask, run, sleep, type Task, wait } from "manyhands/asyncio";
import { commandLine, wholeNumber } from "./support/arguments.js";

/** Some work: it sleeps. */
export async function work(units: number, unit: number): Promise<string> {
  await sleep(units * unit);
  return `done after ${units}`;
}

function start(units: number, unit: number): Task<string> {
  return createTask(() => work(units, unit), { name: `work of ${units}` });
}

/** A task is there at once, and begins when whoever has made it waits. @returns what it looked like, and its result. */
export async function oneTask(unit: number): Promise<string[]> {
  const task = start(2, unit);
  const states: string[] = [task.state];
  const result = await task;
  states.push(task.state);
  return [states.join(", then "), result];
}

/** What a callback hears: it gets the task itself, and is called before those go on that wait for it. */
export async function withCallback(unit: number): Promise<string[]> {
  const heard: string[] = [];
  const task = start(2, unit);
  task.addDoneCallback((ended) => heard.push(`callback: ${(ended as Task<string>).name} has ${ended.state}`));
  heard.push(`awaited: ${await task}`);
  return heard;
}

/** Three at once. @returns the results in the order in which the tasks were made. */
export async function threeByWait(unit: number): Promise<string[]> {
  const tasks = [2, 3, 1].map((units) => start(units, unit));
  const { done, notDone } = await wait(tasks);
  if (notDone.size > 0) throw new Error("wait() came back before all had ended");
  return Promise.all(tasks.filter((task) => done.has(task)));
}

/** Three at once. @returns the results in the order in which they came. */
export async function asTheyComplete(unit: number): Promise<string[]> {
  const results: string[] = [];
  for await (const task of asCompleted([2, 3, 1].map((units) => start(units, unit)))) results.push(await task);
  return results;
}

async function main(unit: number): Promise<void> {
  for (const [title, program] of [
    ["One task", oneTask],
    ["With a callback", withCallback],
    ["Three, by wait", threeByWait],
    ["Three, as they complete", asTheyComplete],
  ] as const) {
    const begun = performance.now();
    const said = await program(unit);
    console.log(`${title}: ${said.join("; ")}`);
    console.error(`  in ${((performance.now() - begun) / unit).toFixed(1)} units of ${unit} ms`);
  }
}

if (isMain(import.meta)) {
  const unit = commandLine("coroutines.js [UNIT_MS]", () => {
    const [given = "200", ...more] = process.argv.slice(2);
    if (more.length > 0) throw new TypeError(`One argument at most, not ${more.length + 1}`);
    return wholeNumber("UNIT_MS", given, 1);
  });
  await run(() => main(unit));
}
