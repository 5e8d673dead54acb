/** docs/cluster.md: its programs run as they stand there, against an agent that is started as the page says, and print what
 *  the comments beside them say. */
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startCommand } from "./cli-command.js";
import { redisForAll } from "./cluster-support.js";
import { node, outputOf } from "./conformance/support.js";
import { folder } from "./keeping.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const PAGE = readFileSync(join(REPOSITORY, "docs/cluster.md"), "utf8");
const held = redisForAll();

/** The programs of the page, by name. */
function programs(): Map<string, string> {
  const found = PAGE.matchAll(/^```js\n\/\/ (\S+\.js)\n(.*?)^```$/gms);
  return new Map([...found].map(([, name = "", code = ""]) => [name, code]));
}

test("every program of the guide runs, and prints what it says", async () => {
  const home = folder();
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "guide", type: "module" }));
  mkdirSync(join(home, "node_modules"));
  for (const name of ["manyhands", "@manyhands"]) {
    symlinkSync(join(REPOSITORY, "node_modules", name), join(home, "node_modules", name));
  }
  for (const [name, code] of programs()) writeFileSync(join(home, name), code);
  const env = { MANYHANDS_REDIS: held.redis.url };
  const { child } = startCommand(["worker", "./tasks.js"], { cwd: home, env });
  await once(child.stdout, "data");
  const clients = [...programs()].filter(([name]) => name !== "tasks.js");
  expect(clients.map(([name]) => name)).toEqual(["client.js", "billing.js"]);
  for (const [name, code] of clients) {
    const says = [...code.matchAll(/console\.log\(.*; \/\/ (.*)$/gm)].map(([, comment]) => comment);
    const printed = await outputOf(node([join(home, name)], { env }));
    expect(printed.trimEnd().split("\n").join(" "), name).toBe(says.join(" "));
  }
});
