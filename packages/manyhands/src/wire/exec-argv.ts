/** Which of the main program's flags its workers inherit.
 *
 *  A program given on the command line or standard input (`node -e`, a REPL), a test run or a profile concerns the main program
 *  only: a worker with those flags would run it again, or fail to start. Loaders, conditions and limits are kept. */

/** Flags that concern the main program only; a trailing `*` stands for any rest. */
const MAIN_ONLY = [
  "--eval",
  "-e",
  "--print",
  "-p",
  "-pe",
  "--check",
  "-c",
  "--interactive",
  "-i",
  "--input-type",
  "--entry-url",
  "--run",
  "--test*",
  "--experimental-test*",
  "--watch*",
  "--inspect*",
  "--debug*",
  "--cpu-prof*",
  "--heap-prof*",
  "--prof",
  "--build-sea",
  "--build-snapshot*",
  "--experimental-sea-config",
];

/** Those of them whose value is the next argument, unless it follows a `=`. */
const MAIN_ONLY_WITH_VALUE = [
  "--eval",
  "-e",
  "-pe",
  "--print",
  "-p",
  "--input-type",
  "--run",
  "--inspect-port",
  "--debug-port",
  "--inspect-publish-uid",
  "--test-name-pattern",
  "--test-skip-pattern",
  "--test-reporter",
  "--test-reporter-destination",
  "--test-shard",
  "--test-concurrency",
  "--test-timeout",
  "--test-isolation",
  "--test-coverage-*",
  "--test-global-setup",
  "--watch-path",
  "--watch-kill-signal",
  "--cpu-prof-dir",
  "--cpu-prof-name",
  "--cpu-prof-interval",
  "--heap-prof-dir",
  "--heap-prof-name",
  "--heap-prof-interval",
  "--build-sea",
  "--build-snapshot-config",
  "--experimental-sea-config",
];

/** Flags a worker thread accepts and has a use for: the rest belong to the process, of which there is only one. */
const THREAD = [
  "--import",
  "--require",
  "-r",
  "--loader",
  "--experimental-loader",
  "--conditions",
  "-C",
  "--enable-source-maps",
  "--unhandled-rejections",
  "--disable-warning",
  "--redirect-warnings",
  "--dns-result-order",
  "--diagnostic-dir",
  "--env-file",
  "--warnings",
  "--no-warnings",
  "--trace-warnings",
  "--throw-deprecation",
  "--no-deprecation",
  "--trace-deprecation",
  "--pending-deprecation",
  "--trace-uncaught",
  "--preserve-symlinks",
  "--preserve-symlinks-main",
  "--no-addons",
  "--experimental-vm-modules",
  "--experimental-wasm-modules",
  "--experimental-import-meta-resolve",
  "--experimental-default-type",
  "--experimental-specifier-resolution",
  "--experimental-require-module",
  "--no-experimental-require-module",
  "--experimental-detect-module",
  "--no-experimental-detect-module",
  "--experimental-websocket",
  "--no-experimental-websocket",
  "--experimental-eventsource",
  "--no-experimental-fetch",
];

/** Those of them whose value is the next argument, unless it follows a `=`. */
const THREAD_WITH_VALUE = [
  "--import",
  "--require",
  "-r",
  "--loader",
  "--experimental-loader",
  "--conditions",
  "-C",
  "--unhandled-rejections",
  "--disable-warning",
  "--redirect-warnings",
  "--dns-result-order",
  "--diagnostic-dir",
  "--env-file",
  "--experimental-default-type",
  "--experimental-specifier-resolution",
];

/** The flags of the main program that a child process inherits. */
export function workerExecArgv(execArgv: readonly string[]): string[] {
  return flagsOf(execArgv)
    .filter(({ name }) => !matches(MAIN_ONLY, name))
    .flatMap(({ words }) => words);
}

/** The flags of the main program that a worker thread inherits: those that `new Worker` accepts. */
export function threadExecArgv(execArgv: readonly string[]): string[] {
  return flagsOf(execArgv)
    .filter(({ name }) => matches(THREAD, name))
    .flatMap(({ words }) => words);
}

interface Flag {
  /** Without its value, underscores as dashes. */
  readonly name: string;
  /** As it was written, with its value. */
  readonly words: readonly string[];
}

function flagsOf(execArgv: readonly string[]): readonly Flag[] {
  const flags: { name: string; words: string[] }[] = [];
  let open: string[] | undefined;
  for (const word of execArgv) {
    if (open !== undefined) {
      open.push(word);
      open = undefined;
    } else if (word.startsWith("-") && word !== "-") {
      const name = (word.split("=", 1)[0] ?? word).replaceAll("_", "-");
      const words = [word];
      flags.push({ name, words });
      if (takesValue(name) && !word.includes("=")) open = words;
    } else {
      // The value of a flag that is not known here.
      flags.at(-1)?.words.push(word);
    }
  }
  return flags;
}

function takesValue(name: string): boolean {
  return matches(MAIN_ONLY_WITH_VALUE, name) || matches(THREAD_WITH_VALUE, name);
}

function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
