/** Mistakes planted in a copy of the room, each of which the random programs must find: what they would let pass, they do not
 *  check. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { programs, type Room, runProgram } from "./asyncio-programs.js";
import { folder } from "./keeping.js";

const BUILT = new URL("../packages/manyhands/dist/asyncio/mod.js", import.meta.url);

/** What is found in the built room, and what stands there instead. */
const MISTAKES: Record<string, readonly [string, string]> = {
  "a released lock is free for whoever comes first": [
    'if(this.line.length===0||!this.line.wake(this.#permit()))this.#state="free"',
    'this.#state="free";if(this.line.length>0)this.line.wake(this.#permit())',
  ],
  "a lock that is handed over is freed as well": [
    "if(this.line.length===0||!this.line.wake(this.#permit()))",
    "if(this.line.length===0||this.line.wake(this.#permit())||true)",
  ],
  "a permit that is handed over is counted, too": [
    "!this.line.wake(new Permit(this,0))",
    "(this.#value+=1,!this.line.wake(new Permit(this,0)))",
  ],
  "a permit is lost when somebody waits": ["this.line.wake(new Permit(this,0))", "this.line.wake(void 0)"],
  "what a cancelled task has been handed is dropped": ['state.by==="others"&&state.turn===thisTurn()', "false"],
  "a time limit does not take its request back": [
    "this.#task.uncancel()>this.#requestsBefore",
    "this.#task.cancelling()>this.#requestsBefore+1",
  ],
  "a group does not take its request back": ["this.#parent.uncancel()===0", "this.#parent.cancelling()===1"],
  "the timer of a wait that has ended stays": ["this.loop.timers.remove(this.#timer)", "0"],
  "an item is handed over and kept": ["else getter.wake(item)", "else{getter.wake(item);this.#store.push(item)}"],
  "who waits for an item is woken, and the item lost to who is cancelled": [
    "else getter.wake(item)",
    "else setImmediate(()=>getter.wake(item))",
  ],
  "a condition does not take its lock again": ["await outside(back)", "0"],
  "a cancelled condition gives up waiting for its lock": ["await outside(back)", "await back()"],
  "who leaves a line is still counted": ["this.#length-=1", "0"],
};

const RUNS = 4000;
/** The same programs each time: a mistake that is found can also be one that never ends, by other programs. */
const SEED = 20261125;

/** A copy of the room with the mistake in it. */
async function planted(from: string, to: string): Promise<Room> {
  const text = readFileSync(BUILT, "utf8");
  // The build breaks lines where it likes.
  const wanted = new RegExp([...from].map((char) => char.replace(/[^\w]/, "\\$&")).join("\\n?"), "g");
  expect(text.match(wanted), `the built room has ${from} once`).toHaveLength(1);
  const base = new URL("../", BUILT).href;
  const changed = text
    .replace(wanted, () => to)
    .replace(/from"\.\.\//g, `from"${base}`)
    .replace(/^\/\/# source.*$/m, "");
  const file = join(folder(), "planted.mjs");
  writeFileSync(file, changed.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(fileURLToPath(BUILT)).href)));
  return (await import(pathToFileURL(file).href)) as Room;
}

/** Whether some program shows that the room is wrong. */
async function isFoundOut(room: Room, runs: number): Promise<boolean> {
  const property = fc.asyncProperty(programs, (program) => runProgram(room, program));
  return (await fc.check(property, { numRuns: runs, seed: SEED, endOnFailure: true })).failed;
}

describe("random programs find", () => {
  test("nothing in a copy without a mistake", async () => {
    const room = await planted("await outside(back)", "await outside(back)");
    expect(await isFoundOut(room, RUNS / 8)).toBe(false);
  });

  test.each(Object.entries(MISTAKES))(
    "%s",
    async (_name, [from, to]) => {
      expect(await isFoundOut(await planted(from, to), RUNS), `not found in ${RUNS} programs`).toBe(true);
    },
    120_000,
  );
});
