/** tools/matrix.mjs refuses what is no version before it installs or runs anything. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MATRIX = fileURLToPath(new URL("../tools/matrix.mjs", import.meta.url));

test.each(["latest", "v22", "--coverage", "22;ls"])("%s is a usage error", (argument) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MATRIX, "22", argument], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(`Not a version of Node: "${argument}"`);
});
