/** Looks for a program as the system does, to say why it was not started: the system has one word, ENOENT, for a missing
 *  program, a missing folder to run it in, and a missing interpreter of a script. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { shownCommand } from "./command.js";
import { StartError } from "./errors.js";

/** Where to look. */
export interface Surroundings {
  /** The folder that the program is to run in. */
  readonly cwd: string | undefined;
  /** Its environment, which decides about PATH. */
  readonly env: NodeJS.ProcessEnv;
}

/** The path of the program. @throws StartError saying what is missing. */
export function findProgram(program: string, { cwd, env }: Surroundings): string {
  if (cwd !== undefined) requireFolder(program, cwd);
  const isPath = program.includes("/") || (process.platform === "win32" && program.includes("\\"));
  const folders = isPath ? [""] : (env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  const found = folders.map((folder) => resolve(cwd ?? "", folder, program)).filter((path) => exists(path));
  const path = found.find((each) => isExecutable(each));
  if (path !== undefined) return path;
  if (found[0] === undefined) throw notFound(program, isPath ? "there" : "in PATH");
  throw new StartError(
    "ERR_NOT_EXECUTABLE",
    program,
    `Cannot run ${shownCommand(found[0])}: it is a folder, or this user has no right to execute it`,
  );
}

/** What to throw when the system has not started the program. @param cause what it said, where it did */
export function whyNotStarted(program: string, surroundings: Surroundings, cause?: unknown): StartError {
  try {
    const path = findProgram(program, surroundings);
    const said =
      cause instanceof Error && "code" in cause ? cause.code : "no interpreter, no memory, or too many processes";
    const text = `The system did not start ${shownCommand(path)}: ${said}`;
    return new StartError("ERR_START_REFUSED", program, text, { cause });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return new StartError(error.code, program, error.message, { cause });
  }
}

function notFound(program: string, where: string): StartError {
  // The classic: a whole line, given as the name of a program.
  const hint = /\s/.test(program)
    ? "; give arguments as [program, argument, …], or a line to a shell with shell: true"
    : "";
  return new StartError(
    "ERR_PROGRAM_NOT_FOUND",
    program,
    `Cannot run ${shownCommand(program)}: no such program is ${where}${hint}`,
  );
}

function requireFolder(program: string, cwd: string): void {
  const found = statSync(cwd, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  const what = found === undefined ? "does not exist" : "is a file";
  throw new StartError(
    "ERR_FOLDER_NOT_FOUND",
    program,
    `Cannot run ${shownCommand(program)} in ${JSON.stringify(cwd)}: that folder ${what} (option cwd)`,
  );
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A folder on the way is not ours to look into: for us it is not there.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
