/** Where the time of one round goes, as a flame graph: `npm run bench -- --flame MEASURE…` writes
 *  bench/flames/MEASURE-KIND.svg for manyhands.
 *
 *  Sampling slows what it looks at, and each round here is one: shares of the time can be read off, rates cannot. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flameChart } from "./charts/flame-chart.js";
import type { Measure } from "./measure.js";
import { type CpuProfile, framesOf } from "./profiles/profile.js";
import { OURS } from "./rows.js";

const script = fileURLToPath(new URL("./round.js", import.meta.url));
const sampler = new URL("./profiles/sampler.js", import.meta.url).href;

/** Draws one flame graph for each kind of workers that the measure has. */
export async function drawFlames(measure: Measure, folder: string, tell: (text: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { kind } of measure.participants.filter(({ name }) => name === OURS)) {
    const file = join(folder, `${measure.name.replaceAll(" ", "-")}-${kind}.svg`);
    const profiles = mkdtempSync(join(tmpdir(), "manyhands-profiles-"));
    try {
      profileRound(measure, kind, profiles);
      const trees = ["main", "worker"].map((who) => framesOf(TITLES[who] ?? who, readProfiles(profiles, who)));
      writeFileSync(file, await flameChart(`${measure.name}, ${kind}`, trees));
      tell(`${measure.name}, ${kind}: ${file}`);
    } finally {
      rmSync(profiles, { recursive: true, force: true });
    }
  }
}

const TITLES: Readonly<Record<string, string>> = { main: "Main thread", worker: "Workers together" };

function profileRound(measure: Measure, kind: string, profiles: string): void {
  const args = ["--import", sampler, script, measure.name, kind, OURS, "full", "1"];
  const env = { ...process.env, MANYHANDS_PROFILES: profiles };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`The round ended with exit code ${status}: ${stderr}`);
}

function readProfiles(folder: string, who: string): CpuProfile[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${who}-`))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile);
}
