/** Builds, and puts the workspace's README and licence into the package that is about to be packed: npm shows and ships those that
 *  stand beside its package.json. */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const build = fileURLToPath(new URL("tools/build.mjs", root));
// stdout belongs to npm pack, which may be asked for JSON.
const { status } = spawnSync(process.execPath, [build], { stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(status ?? 1);
for (const name of ["README.md", "LICENSE"])
  copyFileSync(new URL(name, root), new URL(`packages/manyhands/${name}`, root));
