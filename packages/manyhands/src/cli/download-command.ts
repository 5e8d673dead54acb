/** `manyhands download`: its options and what they mean together. */
import type { Command } from "commander";
import { UsageError } from "./exit-code.js";
import { parseCount, parseRetries, parseSize, parseTimeout } from "./option-values.js";

/** What is to be downloaded, and how. */
export interface DownloadCommand {
  readonly urls: readonly string[];
  /** A file with one URL a line; `-` is standard input. */
  readonly list: string | undefined;
  /** `sha256:HEX`, or a file with checksums. */
  readonly checksum: string | undefined;
  readonly output: "paths" | "json";
  /** As `download()` of @manyhands/crawler takes them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** As commander gives them. */
interface DownloadFlags {
  readonly inputFile?: string;
  readonly dir: string;
  readonly concurrency?: number;
  readonly perHost?: number;
  readonly checksum?: string;
  readonly limitRate?: number;
  readonly overwrite?: true;
  readonly skip?: true;
  readonly rename?: true;
  readonly resume?: true;
  readonly allowPrivate?: true;
  readonly timeout?: number;
  readonly retries?: number;
  readonly json?: true;
}

/** Adds the options and the help of `download`. */
export function describeDownload(command: Command): Command {
  return command
    .description("Download files: whole or not at all, and from where it was interrupted")
    .argument("[url...]", "what to download")
    .option("-i, --input-file <file>", "a file with one URL a line; - is standard input")
    .option("--dir <folder>", "where files are saved", ".")
    .option("--concurrency <n>", "files at once (default: 4)", parseCount)
    .option("--per-host <n>", "files at once from one host (default: 2)", parseCount)
    .option("--checksum <file>", "a list as sha256sum writes it, or, for one URL, sha256:HEX")
    .option("--limit-rate <size>", "bytes per second, all files together: 500KB, 2MiB", parseSize)
    .option("--overwrite", "replace files that are there already")
    .option("--skip", "leave files alone that are there already (with --resume: the default)")
    .option("--rename", "save beside files that are there already: photo-1.jpg")
    .option("--resume", "go on with unfinished files of an earlier run")
    .option("--allow-private", "let requests go to private addresses and this machine")
    .option("--timeout <time>", "longest silence of a server (default: 30s)", parseTimeout)
    .option("--retries <n>", "further attempts after a failure that may pass (default: 3)", parseRetries)
    .option("--json", "write each result as a line of JSON")
    .addHelpText("after", DOWNLOAD_HELP);
}

const DOWNLOAD_HELP = `

Standard output is the path of each file that was saved, in the order in which they come.
A file is written as NAME.HASH.part, with a note beside it, and moved to its name when it is whole, is what its
name says (an error page is never saved as an image) and has its checksum. Ctrl-C leaves unfinished files for
--resume, which goes on only when the server still has the same version, and starts again otherwise.

Exit codes:
  0    every file was saved, or was there
  1    some failed
  2    wrong usage, list or checksum
  130  interrupted (SIGINT)      143  terminated (SIGTERM)      70  a defect in manyhands`;

/** What the flags ask for. Throws a UsageError when they contradict one another. */
export function downloadCommandOf(urls: readonly string[], flags: DownloadFlags): DownloadCommand {
  const { inputFile, checksum, overwrite, skip, rename, json, ...options } = flags;
  if (urls.length === 0 && inputFile === undefined) throw new UsageError("nothing to download: give URLs, or -i FILE");
  const policies = [overwrite && "overwrite", skip && "skip", rename && "rename"].filter((each) => each !== undefined);
  if (policies.length > 1) throw new UsageError("--overwrite, --skip and --rename exclude each other");
  if (isChecksum(checksum) && (urls.length !== 1 || inputFile !== undefined)) {
    throw new UsageError("--checksum ALGORITHM:HEX is for one URL; give a list for several");
  }
  const existing = policies.length === 0 ? {} : { existing: policies[0] };
  return {
    urls,
    list: inputFile,
    checksum,
    output: json === true ? "json" : "paths",
    options: { ...options, ...existing },
  };
}

/** Not a path: `sha256:HEX`. */
export const isChecksum = (text: string | undefined): text is string => /^\w{3,}:[^\\/]*$/.test(text ?? "");
