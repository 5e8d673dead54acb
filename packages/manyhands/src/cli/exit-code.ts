/** How the command ends: the exit codes, and the one error that means "the user can mend this".
 *
 *  Guarantees: every way out of the command is one of these codes, and `--help` says them. */

/** The exit codes of every sub-command. */
export const EXIT = {
  /** Every call succeeded; or the reader of our output left (`| head`) before any call had failed. */
  succeeded: 0,
  /** Some calls failed, `--halt` stopped the run, or the rows of `compare` disagree. */
  failed: 1,
  /** Wrong usage, module, input or output file. */
  usage: 2,
  /** A defect in manyhands itself. */
  defect: 70,
  /** SIGINT, as the shells count: 128 + 2. */
  interrupted: 130,
  /** SIGTERM: 128 + 15. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What the user has to mend: told in one line, exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** An error in one line: what people can act on, without a stack. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** Why a file operation failed, without the path and the system call that Node adds to its message. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SYSTEM_REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
};
