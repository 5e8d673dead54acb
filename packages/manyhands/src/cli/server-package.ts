/** The package that serves, which may not be installed: found, loaded, and started on behalf of a command. */
import type { Executor } from "../mod.js";
import { loadAddOn } from "./add-on.js";
import { UsageError } from "./exit-code.js";
import type { WholeModule } from "./target.js";

/** What is shown; as `dashboard()` takes it. */
export interface DashboardOptions {
  readonly title: string;
  readonly map?: {
    readonly target: string;
    progress(): { readonly done: number; readonly failed: number; readonly total: number | null } | null;
  };
}

/** What commands need of `@manyhands/server`. Not its own declarations: the library is built without it. */
export interface ServerPackage {
  serve(options: ServerOptions): Promise<RunningServer>;
  dashboard(options: DashboardOptions): unknown;
}

interface ServerOptions extends Readonly<Record<string, unknown>> {
  readonly modules: readonly WholeModule[];
  readonly executor: Executor;
}

export interface RunningServer {
  readonly url: string;
  readonly functions: readonly string[];
  close(): Promise<void>;
  drain(options: { timeout: number; signal: AbortSignal }): Promise<"all-answered" | "stopped">;
}

/** The package beside this one, or else one that the user's project has.
 *  @throws UsageError that names `command` when there is none. */
export function loadServer(command: string, cwd: string): Promise<ServerPackage> {
  return loadAddOn<ServerPackage>("@manyhands/server", command, cwd);
}

/** What an option or a module is refused for, and an address that is taken, is the user's to mend. */
export async function started(starting: Promise<RunningServer>): Promise<RunningServer> {
  try {
    return await starting;
  } catch (error) {
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
}
