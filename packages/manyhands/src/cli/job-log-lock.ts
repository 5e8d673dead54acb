/** One run for each job log: two that append to one log would both make every call.
 *
 *  An abstract socket, not a lock file: it is gone with its process, however that ends, so there is no stale lock to
 *  judge after SIGKILL, least of all in containers, where process ids come again. Only Linux has them; elsewhere runs
 *  are not kept apart. */
import { hash } from "node:crypto";
import { realpathSync } from "node:fs";
import type { Server } from "node:net";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { systemReason, UsageError } from "./exit-code.js";

/** Takes the log at `path` for this process. Throws a UsageError when another run has it. */
export async function lockJobLog(path: string): Promise<Disposable> {
  if (process.platform !== "linux") return { [Symbol.dispose]: () => undefined };
  const server = createServer((socket) => socket.destroy());
  const failure = await listening(server, `\0manyhands-joblog-${hash("sha256", placeOf(path)).slice(0, 32)}`);
  if (failure === "EADDRINUSE") throw new UsageError(`${path} is in use by another run`);
  // Where such sockets are forbidden, a run without a lock is better than none.
  server.unref();
  return { [Symbol.dispose]: () => void server.close() };
}

/** The code of what went wrong, if anything did. */
function listening(server: Server, name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen(name, () => resolve(undefined));
  });
}

/** One name for one file, whatever the path to it. */
function placeOf(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}
