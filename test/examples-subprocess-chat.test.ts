/** examples/subprocess-chat.ts: a program is talked with, line by line, and does not hang the one that talks. */
import { expect, test } from "vitest";
import { chat, runOutOfTime } from "../examples/built/subprocess-chat.js";
import { runExample } from "./run-example.js";

test("every question is answered, in order, and the exit code is told", async () => {
  const questions = Array.from({ length: 200 }, (_, n) => `${n} * 3`);
  const { said, exitCode } = await chat(questions, 60_000);
  expect(said).toEqual(["it says: ready", ...questions.map((question, n) => `${question} = ${n * 3}`)]);
  expect(exitCode).toBe(7);
});

test("a question without an answer is a time-out, and the conversation ends well", async () => {
  const { said, exitCode } = await chat(["why?"], 1);
  expect([said[1], exitCode]).toEqual(["why? = (no answer within 1 ms)", 7]);
});

test("a program that never ends is ended, and what it has said is there", async () => {
  let said = "";
  for (let timeout = 50; said === ""; timeout *= 2) said = await runOutOfTime(timeout);
  expect(said).toBe("working");
});

test("the program shows all of it", async () => {
  const { code, stderr, lines } = await runExample("subprocess-chat");
  expect([code, stderr]).toEqual([0, ""]);
  expect(lines.slice(0, 5)).toEqual([
    "it says: ready",
    "2 + 3 = 5",
    "6 * 7 = 42",
    "the meaning of life = (no answer within 500 ms)",
    "it left with exit code 7",
  ]);
  // How far it got is a matter of how busy the machine is.
  expect(lines[5]).toMatch(/^the one without an end was ended after it had said: (working)?$/);
});
