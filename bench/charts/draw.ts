/** Draws the charts from bench/results.json, so that they can be drawn again without measuring. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "../results.js";
import { growthChart } from "./growth-chart.js";
import { resultsChart } from "./results-chart.js";

const aboutOf = ({ machine, versions, date, rows }: Results): string => {
  const rounds = Math.max(...rows.map((row) => row.rounds));
  const parts = [`${machine["cores"]} cores`, `Node ${versions["node"]?.slice(1)}`, `median of ${rounds} rounds`];
  return [...parts, date.slice(0, 10)].join(" · ");
};

/** Writes results.svg and growth.svg. */
export async function draw(folder: string, results: Results): Promise<void> {
  const about = aboutOf(results);
  writeFileSync(join(folder, "results.svg"), await resultsChart(results.rows, about));
  writeFileSync(join(folder, "growth.svg"), await growthChart(results.rows, about));
}
