/** What is to be run: a program with its arguments, or a line for a shell.
 *
 *  Guarantees: without `shell` nothing interprets the arguments, whatever characters they hold. */
import { InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";

/** A program and its arguments; or, alone, the name of a program, or the line for a shell. */
export type Command = string | readonly string[];

/** What the system is asked to start. */
export interface Invocation {
  readonly file: string;
  readonly argv: readonly string[];
  /** Whether Windows gets the arguments as they are, instead of quoted. */
  readonly verbatim: boolean;
}

/** @throws InvalidOptionError naming what is wrong with the command. */
export function invocationOf(args: unknown, shell: unknown): Invocation {
  checkWords(args, typeof args === "string" ? [args] : args);
  if (shell === undefined || shell === false) {
    const [file = "", ...argv] = typeof args === "string" ? [args] : (args as readonly string[]);
    return { file, argv, verbatim: false };
  }
  if (shell !== true && typeof shell !== "string") {
    throw new InvalidOptionError("shell", `shell must be yes, no or the path of a shell, got ${shown(shell)}`);
  }
  // Python takes an array here, and gives all but its first word to the shell itself, which nobody ever means.
  if (typeof args !== "string") {
    throw new InvalidOptionError("args", "With shell the command is one string; an array is run without a shell");
  }
  return inShell(args, shell);
}

function checkWords(args: unknown, words: unknown): void {
  if (!Array.isArray(words) || words.length === 0 || words[0] === "") {
    throw new InvalidOptionError(
      "args",
      `args must be [program, argument, …] or a string that is not empty, got ${shown(args)}`,
    );
  }
  for (const [at, word] of words.entries()) {
    if (typeof word !== "string") {
      throw new InvalidOptionError("args", `args[${at}] must be a string, got ${shown(word)}`);
    }
    if (word.includes("\0")) {
      throw new InvalidOptionError("args", `args[${at}] has a character 0 in it, which no argument can carry`);
    }
  }
}

function inShell(line: string, shell: true | string): Invocation {
  if (process.platform !== "win32") {
    return { file: shell === true ? "/bin/sh" : shell, argv: ["-c", line], verbatim: false };
  }
  const file = shell === true ? (process.env["ComSpec"] ?? "cmd.exe") : shell;
  return { file, argv: ["/d", "/s", "/c", `"${line}"`], verbatim: true };
}

/** The same, with standard error going where standard output goes, when that is a pipe: a shell joins the two and then
 *  becomes the program, by `exec`, so that nobody stands between.
 *
 *  Two pipes whose pieces are put together here would not do: what was written alternately would come out of order. */
export function mergingInvocation(path: string, { argv }: Invocation): Invocation {
  return { file: "/bin/sh", argv: ["-c", 'exec "$0" "$@" 2>&1', path, ...argv], verbatim: false };
}

/** A command in a message. */
export function shownCommand(args: Command): string {
  const LONGEST = 200;
  const words = typeof args === "string" ? [args] : args;
  const text = words.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
