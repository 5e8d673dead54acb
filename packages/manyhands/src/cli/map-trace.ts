/** The timeline that `--trace` asks for. */
import { systemReason, UsageError } from "./exit-code.js";

/** Writes a timeline of what follows, until it is disposed of; nothing without a file.
 *  @throws UsageError when the file cannot be opened; disposing of it throws one when it could not be written. */
export async function openTrace(file: string | undefined): Promise<AsyncDisposable> {
  if (file === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  // Loaded when it is asked for: a command should start fast.
  const { traceTo } = await import("../observe/mod.js");
  const refused = (error: unknown): UsageError =>
    new UsageError(`cannot write ${file}: ${systemReason(error)}`, { cause: error });
  try {
    const trace = traceTo(file);
    return {
      [Symbol.asyncDispose]: () =>
        trace.end().catch((error: unknown) => {
          throw refused(error);
        }),
    };
  } catch (error) {
    throw refused(error);
  }
}
