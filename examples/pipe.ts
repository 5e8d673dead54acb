/** Two processes talk over a pipe: one asks, the other answers, until the asker closes its end.
 *
 *      node examples/built/pipe.js */
import { isMain } from "manyhands";
import { type Connection, EOFError, Pipe, Process } from "manyhands/multiprocessing";

/** Asks one question after another. @returns what was said. */
export async function ask(connection: Connection, questions: readonly string[]): Promise<string[]> {
  const said: string[] = [];
  for (const question of questions) {
    await connection.send(question);
    said.push(`${question} ${await connection.recv()}`);
  }
  connection.close();
  return said;
}

/** Answers until nobody asks any more. @returns how many questions there were. */
export async function answer(connection: Connection): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      const question = String(await connection.recv());
      await connection.send(`Yes, ${question.length} letters.`);
    } catch (error) {
      if (error instanceof EOFError) return count;
      throw error;
    }
  }
}

/** Has two processes talk. */
export async function talk(questions: readonly string[]): Promise<{ said: string[]; answered: number }> {
  const [left, right] = Pipe();
  const asking = new Process(ask, [left, questions], { name: "asker" });
  const answering = new Process(answer, [right], { name: "answerer" });
  for (const child of [asking, answering]) child.start();
  // The children have their own. As long as this program keeps these, the far ends never see the end.
  for (const end of [left, right]) end.close();
  return { said: await asking.result(), answered: await answering.result() };
}

async function main(): Promise<void> {
  const { said, answered } = await talk(["Are you there?", "Is this a pipe?"]);
  for (const line of said) console.log(line);
  console.log(`${answered} questions were answered`);
}

if (isMain(import.meta)) await main();
