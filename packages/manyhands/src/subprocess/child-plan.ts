/** What was asked for, checked: nothing has been started while one of these is made. */
import { fileURLToPath } from "node:url";
import { InvalidOptionError } from "../base/errors.js";
import { checkNames, checkType, shown } from "../base/options.js";
import { type Command, type Invocation, invocationOf, mergingInvocation } from "./command.js";
import { findProgram, type Surroundings } from "./find-program.js";
import type { Extent } from "./reach.js";
import { type Redirection, type STDOUT, type Wiring, wiringOf } from "./redirection.js";

/** How a program is started. */
export interface PopenOptions<E extends BufferEncoding | undefined = BufferEncoding | undefined> {
  /** Where it reads from. @default "inherit": from where this program reads */
  stdin?: Redirection;
  /** Where it writes to. @default "inherit" */
  stdout?: Redirection;
  /** Where it writes errors to; `STDOUT`: where `stdout` leads, in the order of writing. @default "inherit" */
  stderr?: Redirection | typeof STDOUT;
  /** Whether the command is a line for a shell (`/bin/sh`, `cmd.exe`), or the path of the shell. What comes from others does
   *  not belong into such a line: `["grep", "--", word]` is safe whatever `word` holds. @default no */
  shell?: boolean | string;
  /** The folder it runs in. @default this program's */
  cwd?: string | URL;
  /** Its whole environment. @default this program's */
  env?: Readonly<Record<string, string | undefined>>;
  /** What its output is decoded from and its input encoded to, such as `"utf8"`. @default none: bytes */
  encoding?: E;
  /** Whether signals, time-outs and closing reach all that it has started, too: not only the shell of `shell`. It then has a
   *  process group and session of its own; Ctrl-C is passed on to it while it is waited for. @default no: itself alone */
  killTree?: boolean;
}

/** The names of {@link PopenOptions}. */
export const POPEN_OPTIONS: readonly string[] = [
  ...["stdin", "stdout", "stderr", "shell", "cwd", "env", "encoding", "killTree"],
];

/** What is needed to start it. */
export interface ChildPlan extends Surroundings {
  readonly args: Command;
  readonly invocation: Invocation;
  readonly stdio: Wiring["stdio"];
  readonly encoding: BufferEncoding | undefined;
  readonly extent: Extent;
}

/** @param what whose options these are, for messages.
 *  @throws InvalidOptionError naming the option.
 *  @throws StartError when a shell is needed to join the outputs, and the program that it should run is not there. */
export function planChild(what: string, args: Command, options: PopenOptions): ChildPlan {
  checkNames(what, options, POPEN_OPTIONS);
  const { encoding, killTree, shell, stdin, stdout, stderr } = options;
  checkType("killTree", killTree, "boolean");
  checkEncoding(encoding);
  const invocation = invocationOf(args, shell);
  const { stdio, merge } = wiringOf({ stdin, stdout, stderr });
  const surroundings = { cwd: folderOf(options.cwd), env: environmentOf(options.env) };
  return {
    args,
    // The shell that joins the outputs would tell of a missing program by writing a line and ending with 127.
    invocation:
      merge === "not-needed" ? invocation : mergingInvocation(findProgram(invocation.file, surroundings), invocation),
    stdio,
    encoding,
    extent: killTree === true ? "tree" : "child",
    ...surroundings,
  };
}

function checkEncoding(encoding: unknown): void {
  if (encoding === undefined || (typeof encoding === "string" && Buffer.isEncoding(encoding))) return;
  throw new InvalidOptionError(
    "encoding",
    `encoding must be one that Buffer knows, like "utf8", got ${shown(encoding)}`,
  );
}

function folderOf(cwd: unknown): string | undefined {
  if (cwd === undefined || typeof cwd === "string") return cwd;
  if (cwd instanceof URL && cwd.protocol === "file:") return fileURLToPath(cwd);
  throw new InvalidOptionError("cwd", `cwd must be a path or a file: URL, got ${shown(cwd)}`);
}

function environmentOf(env: unknown): NodeJS.ProcessEnv {
  if (env === undefined) return process.env;
  checkType("env", env, "object");
  for (const [name, value] of Object.entries(env as object)) {
    if (value === undefined || typeof value === "string") continue;
    throw new InvalidOptionError("env", `env.${name} must be a string, got ${shown(value)}`);
  }
  return env as NodeJS.ProcessEnv;
}
