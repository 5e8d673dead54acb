/** The page that `--dashboard` asks for: what the run does, as it does it. */
import { randomBytes } from "node:crypto";
import type { Executor } from "../mod.js";
import type { DashboardRequest } from "./dashboard-request.js";
import type { ProgressView } from "./progress-line.js";
import { loadServer, started } from "./server-package.js";

export interface WatchedRun {
  /** The command that was given: "map". */
  readonly command: string;
  /** What runs: a function, an address. */
  readonly target: string;
  readonly executor: Executor;
  readonly view: () => ProgressView;
  /** Is told where the page is. */
  say(text: string): void;
}

/** Shows the run on a page of this machine until it is disposed of; nothing unless it was asked for.
 *
 *  The page can stop calls, and others may work on this machine: so there is always a token, which stands in the address behind
 *  the #, where no server and no log sees it.
 *  @throws UsageError when the package that serves is not there, or the port is taken. */
export async function openDashboard(
  request: DashboardRequest,
  { command, target, executor, view, say }: WatchedRun,
): Promise<AsyncDisposable> {
  if (request.kind === "none") return { [Symbol.asyncDispose]: async () => undefined };
  const { serve, dashboard } = await loadServer(`manyhands ${command} --dashboard`, process.cwd());
  const token = randomBytes(18).toString("base64url");
  const root = dashboard({ title: target, map: { target, progress: () => progressOf(view()) } });
  const server = await started(serve({ modules: [], executor, token, root, port: request.port }));
  say(`dashboard: ${server.url}/#token=${token}`);
  return { [Symbol.asyncDispose]: () => server.close() };
}

function progressOf({ done, failed, total }: ProgressView): { done: number; failed: number; total: number | null } {
  return { done, failed, total: total ?? null };
}
