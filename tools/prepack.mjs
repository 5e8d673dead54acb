/** Puts the workspace's README and licence into the package that is about to be packed: npm shows and ships those that
 *  stand beside its package.json. */
import { copyFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
for (const name of ["README.md", "LICENSE"])
  copyFileSync(new URL(name, root), new URL(`packages/manyhands/${name}`, root));
