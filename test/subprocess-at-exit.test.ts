/** Programs whose children run when they end or are interrupted: what Ctrl-C does, and who keeps whom alive. */
import { expect, test } from "vitest";
import { outputOf, type Program, program, programGroup, until, within } from "./conformance/support.js";
import { later } from "./keeping.js";
import { isAlive } from "./pids.js";

/** The child that the program has printed; killed after the test if it should be left. */
async function childOf(running: Program, word = "pid"): Promise<number> {
  const pid = Number(await running.line(`${word} `));
  later(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

/** Ctrl-C: to the program and all of its group. */
function interrupt(running: Program): void {
  process.kill(-running.pid, "SIGINT");
}

test.each(["run stubborn", "run stubborn tree"])(
  "Ctrl-C ends a program whose child does not obey, by SIGINT, and the child of run with it: %s (N12)",
  async (way) => {
    const running = programGroup("subprocess", way);
    const pid = await childOf(running);
    interrupt(running);
    const { signal, stdout } = await within(running.ended, "the program should end");
    expect([signal, stdout]).toEqual(["SIGINT", `pid ${pid}\n`]);
    await until(() => !isAlive(pid), "the child should have ended");
  },
);

test("also when it comes before the child has begun to work (N12)", async () => {
  const running = programGroup("subprocess", "run that interrupts at once");
  const pid = await childOf(running);
  expect((await within(running.ended, "the program should end")).signal).toBe("SIGINT");
  await until(() => !isAlive(pid), "the child should have ended");
});

test.each(["run polite", "run polite tree", "wait polite"])(
  "a child that obeys has its moment, and the program does not go on after it: %s (N12)",
  async (way) => {
    const running = programGroup("subprocess", way);
    const pid = await childOf(running);
    interrupt(running);
    const { signal, stdout } = await within(running.ended, "the program should end");
    expect([signal, stdout]).toEqual(["SIGINT", `pid ${pid}\nbye\n`]);
  },
);

test("nor after the first of two children (N12)", async () => {
  const running = programGroup("subprocess", "run two");
  const pids = [await childOf(running), await childOf(running, "other")];
  interrupt(running);
  const { signal, stdout } = await within(running.ended, "the program should end");
  expect(signal).toBe("SIGINT");
  expect(stdout).toMatch(/bye\n$/);
  for (const pid of pids) await until(() => !isAlive(pid), "both should have ended");
});

test.each(["wait stubborn", "communicate stubborn"])(
  "a child that was only waited for is left alive: %s (N12)",
  async (way) => {
    const running = programGroup("subprocess", way);
    const pid = await childOf(running);
    interrupt(running);
    // It still has the program's standard output, whose end would be waited for.
    await until(() => !isAlive(running.pid), "the program should end");
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
    expect((await within(running.ended, "the program")).signal).toBe("SIGINT");
  },
);

test.each(["listens itself", "listens later"])("a program that listens to SIGINT decides itself: %s", async (way) => {
  const running = programGroup("subprocess", way);
  const pid = await childOf(running);
  interrupt(running);
  const lines = (await outputOf(running)).split("\n");
  expect(new Set(lines)).toEqual(new Set([`pid ${pid}`, "bye", "I decide", "code 0", "end", ""]));
});

test("and may end its children by a signal of its own", async () => {
  const running = programGroup("subprocess", "stops by its signal");
  const pid = await childOf(running);
  interrupt(running);
  expect(await outputOf(running)).toBe(`pid ${pid}\nstopped: interrupted\nend\n`);
  expect(isAlive(pid)).toBe(false);
});

test("nobody listens any more when nobody waits", async () => {
  expect(await outputOf(program("subprocess", "nothing left of a wait"))).toBe("listeners 0\nend\n");
});

test.each([
  ["exits in run", 3],
  ["fails in run", 1],
])("a child of run does not outlive a program that %s", async (way, code) => {
  const running = program("subprocess", way);
  const pid = await childOf(running);
  process.kill(running.pid, "SIGUSR2");
  expect((await within(running.ended, "the program should end")).code).toBe(code);
  await until(() => !isAlive(pid), "the child should have ended");
});

test.each(["waits for nobody", "waited once"])("a child that nobody waits for holds no program: it %s", async (way) => {
  const running = program("subprocess", way);
  const pid = await childOf(running);
  const { code, stdout } = await within(running.ended, "the program should end");
  expect([code, stdout.endsWith("end\n")]).toEqual([0, true]);
  // As in Python it lives on.
  expect(isAlive(pid)).toBe(true);
});

test("each wait does: for a line, for a write, for the end", async () => {
  expect(await outputOf(program("subprocess", "holds while it waits"))).toBe("held\ncode 0\nend\n");
});
