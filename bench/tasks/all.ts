/** The functions that subjects run, each in a file of its own, as pools that take files need it. */

/** What each is called: the name of its export. Its module's default export is the same function. */
const FILES = {
  square: "square.js",
  isPrime: "is-prime.js",
  echo: "echo.js",
  sumPart: "sum-part.js",
} as const;

export type TaskName = keyof typeof FILES;

export type AnyTask = (value: unknown) => unknown;

export const taskUrl = (task: TaskName): URL => new URL(`./${FILES[task]}`, import.meta.url);

export const loadTask = async (task: TaskName): Promise<AnyTask> => (await import(taskUrl(task).href)).default;
