/** Where a child's standard input, output and error output lead. */
import { InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";

/** To this program, by a pipe: `child.stdin`, `child.stdout`, `child.stderr`.
 *
 *  @example
 *  ```ts
 *  const child = new Popen(["echo", "a b"], { stdout: PIPE, encoding: "utf8" });
 *  console.log(await child.stdout.readLine()); // a b
 *  ``` */
export const PIPE = "pipe";

/** For `stderr` alone: where `stdout` leads, in the order of writing.
 *
 *  @example
 *  ```ts
 *  const { stdout } = await run("echo a; echo b >&2", { shell: true, stdout: PIPE, stderr: STDOUT, encoding: "utf8" });
 *  console.log(JSON.stringify(stdout)); // "a\nb\n"
 *  ``` */
export const STDOUT = "stdout";

/** Nowhere: reads nothing, and what is written is gone.
 *
 *  @example
 *  ```ts
 *  console.log(await call("echo a; exit 3", { shell: true, stdout: DEVNULL })); // 3
 *  ``` */
export const DEVNULL = "devnull";

/** Where one of a child's standard streams leads: into a pipe, nowhere, where this program's own leads (`"inherit"`), or to
 *  an open file, as its descriptor or as what has one (a `FileHandle`). The file stays its owner's. */
export type Redirection = typeof PIPE | typeof DEVNULL | "inherit" | number | { readonly fd: number };

/** What was asked for. */
export interface Redirections {
  readonly stdin: unknown;
  readonly stdout: unknown;
  readonly stderr: unknown;
}

type NodeStdio = "pipe" | "ignore" | "inherit" | number;

/** What Node is told, and whether a shell must join the two outputs. */
export interface Wiring {
  readonly stdio: [stdin: NodeStdio, stdout: NodeStdio, stderr: NodeStdio];
  readonly merge: "by-shell" | "not-needed";
}

/** @throws InvalidOptionError naming the stream. */
export function wiringOf({ stdin, stdout, stderr }: Redirections): Wiring {
  const [input, output] = [nodeStdio("stdin", stdin), nodeStdio("stdout", stdout)];
  if (stderr !== STDOUT) return { stdio: [input, output, nodeStdio("stderr", stderr)], merge: "not-needed" };
  if (output !== "pipe") return { stdio: [input, output, output === "inherit" ? 1 : output], merge: "not-needed" };
  if (process.platform === "win32") {
    throw new InvalidOptionError(
      "stderr",
      "stderr: STDOUT into a pipe needs a POSIX shell; add 2>&1 to a shell's line",
    );
  }
  return { stdio: [input, output, "inherit"], merge: "by-shell" };
}

function nodeStdio(option: string, value: unknown): NodeStdio {
  if (value === undefined || value === "inherit") return "inherit";
  if (value === PIPE) return "pipe";
  if (value === DEVNULL) return "ignore";
  const descriptor = typeof value === "object" && value !== null && "fd" in value ? value.fd : value;
  if (typeof descriptor === "number" && Number.isInteger(descriptor) && descriptor >= 0) return descriptor;
  const why = value === STDOUT ? "STDOUT is for stderr only" : `got ${shown(value)}`;
  throw new InvalidOptionError(option, `${option} must be PIPE, DEVNULL, "inherit", or an open file: ${why}`);
}
