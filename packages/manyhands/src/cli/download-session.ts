/** One `manyhands download` from start to end.
 *
 *  Guarantees: nothing is asked for before list and checksums have been read; results on standard output, all else on standard
 *  error; an interrupted run ends with every unfinished file ready for `--resume`. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { loadAddOn } from "./add-on.js";
import type { ConsoleVoice } from "./console-voice.js";
import { DownloadBars, type DownloadView } from "./download-bars.js";
import { type DownloadCommand, isChecksum } from "./download-command.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, oneLine, systemReason, UsageError } from "./exit-code.js";
import { Stop, stopOnSignals } from "./stop.js";

/** What this command needs of `@manyhands/crawler`. Not its own declarations: the library is built without it. */
interface DownloaderPackage {
  download(requests: readonly object[], options: Readonly<Record<string, unknown>>): RunningDownloads;
  parseChecksumList(text: string): unknown;
  parseChecksum(text: string): unknown;
}

interface RunningDownloads extends AsyncIterable<Result> {
  progress(): DownloadView;
}

type Result =
  | {
      readonly kind: "saved";
      readonly url: string;
      readonly path: string;
      readonly bytes: number;
      readonly received: number;
      readonly attempts: number;
    }
  | { readonly kind: "skipped"; readonly url: string; readonly reason: string; readonly path: string }
  | { readonly kind: "failed"; readonly url: string; readonly error: Error; readonly attempts: number };

/** Downloads; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runDownload(
  command: DownloadCommand,
  voice: ConsoleVoice,
  stdout: NodeJS.WriteStream,
): Promise<ExitCode> {
  const crawler = await loadAddOn<DownloaderPackage>("@manyhands/crawler", "manyhands download", process.cwd());
  const requests = await requestsOf(command);
  const checksums = await checksumsOf(command, crawler);
  const stop = new Stop();
  const leaving = new AbortController();
  using _signals = stopOnSignals(stop);
  // One interrupt is enough: what is under way is kept, so there is nothing to wait for.
  stop.onChange(() => leaving.abort());
  const downloads = usable(() =>
    crawler.download(requests, { ...command.options, ...checksums, signal: leaving.signal }),
  );
  using bars = new DownloadBars(
    process.stderr,
    () => downloads.progress(),
    (line) => voice.say(line),
  );
  let code: ExitCode = EXIT.succeeded;
  try {
    for await (const result of downloads) {
      bars.clear();
      if (result.kind === "failed") code = EXIT.failed;
      tell(result, command.output, voice, stdout);
    }
    return code;
  } catch (error) {
    bars.clear();
    return interrupted(error, stop, voice);
  }
}

function tell(
  result: Result,
  output: DownloadCommand["output"],
  voice: ConsoleVoice,
  stdout: NodeJS.WriteStream,
): void {
  if (output === "json") stdout.write(`${JSON.stringify(jsonOf(result))}\n`);
  else if (result.kind === "saved") stdout.write(`${result.path}\n`);
  else if (result.kind === "skipped") voice.say(`skipped ${result.url}: ${SKIPPED[result.reason] ?? result.reason}`);
  if (result.kind === "failed") voice.say(`failed ${result.url}: ${oneLine(result.error)}`);
}

const SKIPPED: Readonly<Record<string, string>> = { exists: "the file is there", "same-url": "it was given twice" };

function jsonOf(result: Result): object {
  if (result.kind !== "failed") return result;
  const { name, message } = result.error;
  const code = "code" in result.error ? { code: result.error.code } : {};
  return { ...result, error: { name, message, ...code } };
}

function interrupted(error: unknown, { state }: Stop, voice: ConsoleVoice): ExitCode {
  if (state.kind === "running" || state.cause.kind !== "signal") {
    // A folder that cannot be made is the user's to mend. What has no code is ours.
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
  voice.say("interrupted; --resume goes on with unfinished files");
  return state.cause.name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}

/** What an option is refused for is the user's to mend. */
function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
}

async function requestsOf({ urls, list, checksum }: DownloadCommand): Promise<readonly object[]> {
  const listed = list === undefined ? [] : linesOf(await readText(list));
  const own = isChecksum(checksum) ? { checksum } : {};
  const all = [...urls, ...listed].map((url) => ({ url, ...own }));
  if (all.length === 0) throw new UsageError(`there is no URL in ${list}`);
  return all;
}

function linesOf(content: string): readonly string[] {
  return content
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function checksumsOf({ checksum }: DownloadCommand, crawler: DownloaderPackage): Promise<object> {
  if (checksum === undefined) return {};
  if (!isChecksum(checksum)) {
    const content = await readText(checksum);
    return { checksums: usable(() => crawler.parseChecksumList(content)) };
  }
  usable(() => crawler.parseChecksum(checksum));
  return {};
}

async function readText(path: string): Promise<string> {
  try {
    return path === "-" ? await text(process.stdin) : await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`, { cause: error });
  }
}
