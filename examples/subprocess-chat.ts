/** A program is started, fed line by line, and answers; one question it does not answer in time; then it is told to leave, and
 *  its exit code is shown. A second one never ends, and is ended by its time-out.
 *
 *      node examples/built/subprocess-chat.js */
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { isMain, TimeoutError } from "manyhands";
import { PIPE, Popen, run, TimeoutExpired } from "manyhands/subprocess";

/** This file is the other program, too, when it is started with the word "calculator". Any program that reads lines would do. */
const CALCULATOR = [process.execPath, fileURLToPath(import.meta.url), "calculator"];

/** A conversation as it took place, and how the other side ended. */
export interface Conversation {
  readonly said: readonly string[];
  readonly exitCode: number;
}

/** Asks the calculator one question after another, and waits `patience` ms for each answer. */
export async function chat(questions: readonly string[], patience: number): Promise<Conversation> {
  // Left in whatever way, it does not stay behind: its input ends then, and so does it.
  await using calculator = new Popen(CALCULATOR, { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
  const said = [`it says: ${await calculator.stdout.readLine()}`];
  for (const question of questions) {
    await calculator.stdin.write(`${question}\n`);
    said.push(`${question} = ${await answerTo(calculator, patience)}`);
  }
  await calculator.stdin.write("leave\n");
  return { said, exitCode: await calculator.wait() };
}

async function answerTo(calculator: Popen<"utf8">, patience: number): Promise<string> {
  try {
    return (await calculator.stdout.readLine({ timeout: patience })) ?? "(it has left)";
  } catch (error) {
    // Nothing is lost: an answer that comes later would be the next line.
    if (error instanceof TimeoutError) return `(no answer within ${patience} ms)`;
    throw error;
  }
}

/** Runs a program that says what it does and never ends. @returns what it had said when its time was over. */
export async function runOutOfTime(timeout: number): Promise<string> {
  const stuck = `console.log("working"); setInterval(() => {}, 1000)`;
  try {
    await run([process.execPath, "-e", stuck], { captureOutput: true, encoding: "utf8", timeout });
    return "(it has ended)";
  } catch (error) {
    if (error instanceof TimeoutExpired) return String(error.output).trim();
    throw error;
  }
}

/** The other side: adds and multiplies, is at a loss with everything else, and leaves with exit code 7. */
async function calculate(): Promise<void> {
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const [left = 0, right = 0] = line.split(/[+*]/).map(Number);
    if (line === "leave") process.exit(7);
    else if (line.includes("+")) console.log(left + right);
    else if (line.includes("*")) console.log(left * right);
  }
}

async function main(): Promise<void> {
  const { said, exitCode } = await chat(["2 + 3", "6 * 7", "the meaning of life"], 500);
  for (const line of said) console.log(line);
  console.log(`it left with exit code ${exitCode}`);
  console.log(`the one without an end was ended after it had said: ${await runOutOfTime(1000)}`);
}

if (isMain(import.meta)) await (process.argv[2] === "calculator" ? calculate() : main());
