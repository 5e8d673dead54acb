/** Builds, and puts README and licence into the package that is about to be packed, whose folder npm runs this in: npm shows and
 *  ships those that stand beside its package.json. The library's README is the workspace's; an add-on has its own. */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const packed = process.cwd();
// stdout belongs to npm pack, which may be asked for JSON.
const { status } = spawnSync(process.execPath, [join(root, "tools", "build.mjs")], { stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(status ?? 1);
const names = packed === join(root, "packages", "manyhands") ? ["README.md", "LICENSE"] : ["LICENSE"];
for (const name of names) copyFileSync(join(root, name), join(packed, name));
