/** Waiting keeps a program alive as long as somebody else can end the wait, and no longer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { within } from "./conformance/support.js";
import { later } from "./keeping.js";

const PROGRAM = fileURLToPath(new URL("./built/programs/sync-alive.js", import.meta.url));

async function run(name: string): Promise<{ code: unknown; said: string[] }> {
  const child = spawn(process.execPath, [PROGRAM, name], { stdio: ["ignore", "pipe", "inherit"] });
  later(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const [code] = await within(once(child, "close"), `the end of "${name}"`, 20_000);
  return { code, said: text.split("\n").filter((line) => line !== "") };
}

/** What Node says when a module still awaits something and nothing is left to happen. */
const UNSETTLED = 13;

test("a wait for an object that nobody else has does not hold the program", async () => {
  expect(await run("own")).toEqual({ code: UNSETTLED, said: ["waits"] });
});

test("a wait for a shared object holds the program until it is over", async () => {
  expect(await run("shared")).toEqual({ code: 0, said: ["true"] });
});

test.each(["lent", "lentWithin"])("so does a wait for one that a process has yet to come for: %s", async (way) => {
  expect(await run(way)).toEqual({ code: 0, said: ["true"] });
});

test("a wait of a worker holds the worker", async () => {
  expect(await run("theirs")).toEqual({ code: 0, said: ["waits", "true"] });
});

test("a wait that is over holds nothing", async () => {
  expect(await run("over")).toEqual({ code: 0, said: ["false", "held"] });
});
