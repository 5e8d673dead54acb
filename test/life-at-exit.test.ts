/** Who keeps a program alive, what it reports, and who outlives whom: threads and processes at the end of real programs. */
import { expect, test } from "vitest";
import { linesOf, made, outputOf, program, programGroup, until, within } from "./conformance/support.js";
import { folder, later, newGate } from "./keeping.js";
import { isAlive, pidIn } from "./pids.js";

test.each(["thread", "process"])("a program waits for its %s (J10)", async (what) => {
  const gate = await newGate();
  const running = program("lives", what, gate.path);
  await gate.arrived(1);
  await running.line("main ends");
  gate.open();
  expect(await outputOf(running)).toBe(`main ends\n${what} was let through\n`);
});

test.each(["thread-of-thread", "thread-of-daemon"])(
  "and for a thread that another thread has started: %s (J10)",
  async (way) => {
    const gate = await newGate();
    const running = program("lives", way, gate.path);
    await gate.arrived(1);
    await running.line("main ends");
    gate.open();
    expect(await outputOf(running)).toBe("main ends\ninner was let through\n");
  },
);

test("and for a process that a thread has started", async () => {
  const gate = await newGate();
  const running = program("lives", "process-of-thread", gate.path);
  await gate.arrived(1);
  await running.line("main ends");
  gate.open();
  expect(await outputOf(running)).toBe("main ends\nprocess was let through\n");
});

test("a daemon thread does not hold a program, nor a daemon timer (J10)", async () => {
  expect(await outputOf(program("lives", "daemon-thread", folder()))).toBe("main ends\n");
});

test("a daemon thread that is joined does", async () => {
  const gate = await newGate();
  const running = program("lives", "joined-daemon", gate.path);
  await gate.arrived(1);
  gate.open();
  expect(await outputOf(running)).toBe("daemon was let through\nmain ends\n");
});

test("an error of a thread is reported once, by name, and the program ends well", async () => {
  const { code, stdout, stderr } = await program("lives", "failing-thread").ended;
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/^Exception in thread unlucky:\nTypeError: oh\n {4}at fail /);
  expect(stderr.match(/Exception/g)?.length).toBe(1);
});

test("so is that of a thread of a thread", async () => {
  const { code, stderr } = await program("lives", "failing-thread-of-thread").ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Exception in thread inner:\nTypeError: oh\n/);
  expect(stderr.match(/Exception/g)?.length).toBe(1);
});

test("an excepthook that fails is reported, and so is what it was told", async () => {
  const { code, stderr } = await program("lives", "failing-hook").ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Exception in the excepthook:\nRangeError: the hook\n/);
  expect(stderr).toMatch(/\nException in thread unlucky:\nTypeError: oh\n/);
});

test("process.exit() in a thread ends that thread only", async () => {
  expect(await outputOf(program("lives", "exiting-thread"))).toBe("main goes on\n");
});

test.each(["printing-thread", "printing-process"])("all that was printed arrives: %s", async (way) => {
  const count = 20_000;
  const lines = (await outputOf(program("lives", way, String(count)))).split("\n");
  expect(lines.length).toBe(count + 1);
  expect(lines[count - 1]).toMatch(new RegExp(`^line ${count - 1} x+$`));
});

const UNLUCKY = /^Exception in process unlucky:\nTypeError: \w+\n {4}at fail /;

test.each([
  ["returns", 0, /^$/],
  ["throws", 1, UNLUCKY],
  ["exits", 8, /^$/],
  ["sets", 9, /^$/],
  ["timer", 1, UNLUCKY],
  ["rejection", 1, /^Exception in process unlucky:\nTypeError: elsewhere\n {4}at failElsewhere /],
  ["number", 8, /^$/],
  ["text", 1, /^the text\n$/],
  ["true", 1, /^$/],
  ["false", 0, /^$/],
  ["null", 0, /^$/],
  ["nothing", 0, /^$/],
  ["function", 0, /^$/],
  ["unsendable", 1, /^Exception in process unlucky:\nClosureError: [^\n]*"more"/],
])("a child that %s has exit code %i, and says why (J02)", async (way, expected, told) => {
  const { code, stdout, stderr } = await program("lives", "code", way, "more").ended;
  expect([code, stdout]).toEqual([0, `${expected}\n`]);
  expect(stderr).toMatch(told);
});

test("a daemon process is terminated when its program ends", async () => {
  const place = folder();
  expect(await outputOf(program("lives", "daemon-process", place))).toBe("main ends\n");
  const pid = pidIn(`${place}/started`);
  await until(() => !isAlive(pid), "the daemon should have ended");
  expect(linesOf(`${place}/log`)).toEqual(["terminated"]);
});

test("process.exit() ends the program at once, and every child with it", async () => {
  const place = folder();
  expect((await program("lives", "exit-with-processes", place).ended).code).toBe(4);
  const pids = [true, false].map((daemon) => pidIn(`${place}/started-${daemon}`));
  await until(() => !pids.some(isAlive), "the children should have ended");
});

test("nobody outlives a program that is killed: no child, daemon or not, nor its children, nor a busy one (FLAWS 12)", async () => {
  const place = folder();
  const running = program("lives", "family", place);
  const files = ["child", "grandchild-true", "grandchild-false", "busy-daemon", "busy-regular"].map(
    (name) => `${place}/${name}`,
  );
  await Promise.all(files.map(made));
  const pids = files.map(pidIn);
  later(() => pids.filter(isAlive).map((pid) => process.kill(pid, "SIGKILL")));
  expect(pids.every(isAlive)).toBe(true);
  process.kill(running.pid, "SIGKILL");
  await running.ended;
  await until(() => !pids.some(isAlive), "the children should have ended");
});

test("a grandchild notices that its parent is killed, and gets to say so (J06)", async () => {
  const gate = await newGate();
  const running = program("lives", "watched", gate.path);
  const middle = Number(await running.line("middle "));
  const [watching] = await gate.arrived(1);
  const [, grandchild, alive] = watching?.split(" ") ?? [];
  expect(alive).toBe("true");
  gate.release(1);
  process.kill(middle, "SIGKILL");
  expect((await gate.arrived(2))[1]).toBe("gone false");
  gate.release(1);
  await until(() => !isAlive(Number(grandchild)), "the grandchild should have ended");
  expect((await within(running.ended, "the program")).code).toBe(0);
});

test("Ctrl-C is left to the program", async () => {
  const gate = await newGate();
  const running = programGroup("lives", "interrupted", gate.path);
  await gate.arrived(1);
  process.kill(-running.pid, "SIGINT");
  await running.line("interrupted");
  gate.open();
  expect(await outputOf(running)).toBe("interrupted\nchild was let through\n0\n");
});

test("a program that Ctrl-C ends leaves no child behind", async () => {
  const place = folder();
  const running = programGroup("lives", "family", place);
  const files = ["child", "grandchild-true", "busy-daemon"].map((name) => `${place}/${name}`);
  await Promise.all(files.map(made));
  const pids = files.map(pidIn);
  later(() => pids.filter(isAlive).map((pid) => process.kill(pid, "SIGKILL")));
  process.kill(-running.pid, "SIGINT");
  expect((await running.ended).signal).toBe("SIGINT");
  await until(() => !pids.some(isAlive), "the children should have ended");
});
