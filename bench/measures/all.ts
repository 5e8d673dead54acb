/** Every measure, in the order in which `npm run bench` takes them. */
import type { Measure } from "../measure.js";
import { clusters } from "./cluster.js";
import { cpu } from "./cpu.js";
import { crawling } from "./crawl.js";
import { growths } from "./growth.js";
import { headlines } from "./headline.js";
import { latency } from "./latency.js";
import { map } from "./map.js";
import { memory } from "./memory.js";
import { observe } from "./observe.js";
import { payload } from "./payload.js";
import { serving } from "./serve.js";
import { share } from "./share.js";
import { starts } from "./start.js";
import { submit } from "./submit.js";
import { sum } from "./sum.js";
import { tasks } from "./tasks.js";

export const MEASURES: readonly Measure[] = [
  submit,
  latency,
  ...starts,
  cpu,
  ...headlines,
  payload,
  memory,
  sum,
  map,
  share,
  serving,
  crawling,
  ...clusters,
  ...tasks,
  observe,
  ...growths,
];

/** What the command calls them: the first words of their names. */
export const WORDS: readonly string[] = [...new Set(MEASURES.map((measure) => wordOf(measure)))];

export function wordOf(measure: Measure): string {
  return measure.name.split(/[ ,]/, 1)[0] ?? measure.name;
}
