/** The command line: sub-commands, help, version, and what every failure looks like.
 *
 *  Guarantees: results on standard output, everything else on standard error; one clear line for whatever the user can
 *  mend, never a stack; a stack and a request to report for what only we can. */
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { compareRequestOf, describeCompare } from "./compare-command.js";
import { runCompare } from "./compare-session.js";
import { ConsoleVoice } from "./console-voice.js";
import { crawlRequestOf, describeCrawl } from "./crawl-command.js";
import { runCrawl } from "./crawl-session.js";
import { describeDownload, downloadCommandOf } from "./download-command.js";
import { runDownload } from "./download-session.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, UsageError } from "./exit-code.js";
import { describeMap, mapRequestOf } from "./map-command.js";
import { runMap } from "./map-session.js";
import { reserveStdout } from "./result-stream.js";
import { describeServe, serveRequestOf } from "./serve-command.js";
import { runServe } from "./serve-session.js";
import { describeWorker, workerRequestOf } from "./worker-command.js";
import { runWorker } from "./worker-session.js";

/** Runs the command with `argv` (without the program's own name); resolves to the exit code. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  using voice = new ConsoleVoice(process.stderr, process.env);
  try {
    return await dispatch(argv, voice);
  } catch (error) {
    voice[Symbol.dispose]();
    return tell(error, voice);
  }
}

async function dispatch(argv: readonly string[], voice: ConsoleVoice): Promise<ExitCode> {
  let code: ExitCode = EXIT.succeeded;
  const program = makeProgram();
  describeMap(program.command("map")).action(async (target, inputs, flags) => {
    code = await runMap(mapRequestOf(target, inputs, flags), voice, reserveStdout());
  });
  describeCompare(program.command("compare")).action(async (target, inputs, flags) => {
    code = await runCompare(compareRequestOf(target, inputs, flags), voice, reserveStdout());
  });
  describeWorker(program.command("worker")).action(async (modules, flags) => {
    code = await runWorker(workerRequestOf(modules, flags), voice, reserveStdout());
  });
  describeServe(program.command("serve")).action(async (modules, flags) => {
    code = await runServe(serveRequestOf(modules, flags), voice, reserveStdout());
  });
  describeCrawl(program.command("crawl")).action(async (urls, flags) => {
    code = await runCrawl(crawlRequestOf(urls, flags), voice, reserveStdout());
  });
  describeDownload(program.command("download")).action(async (urls, flags) => {
    code = await runDownload(downloadCommandOf(urls, flags), voice, reserveStdout());
  });
  await program.parseAsync(argv, { from: "user" });
  return code;
}

function makeProgram(): Command {
  return (
    new Command("manyhands")
      .description(
        "Many hands make light work: run functions on the event loop, on threads, on processes or on many machines",
      )
      .version(packageVersion(), "--version", "print the version")
      .helpOption("--help", "print this help")
      .helpCommand(false)
      .showSuggestionAfterError(true)
      .addHelpText(
        "after",
        "\nmanyhands map --help, compare --help, serve --help, crawl --help, download --help and worker --help say the rest, exit codes included.",
      )
      // Commander's own messages become ours: one line, exit code 2.
      .exitOverride()
      .configureOutput({ writeErr: (text) => writeHelp(text), outputError: () => undefined })
  );
}

/** Without arguments commander prints the help as an error; the messages themselves are told by `tell`. */
function writeHelp(text: string): void {
  process.stderr.write(text);
}

function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("../../package.json");
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

function tell(error: unknown, voice: ConsoleVoice): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.succeeded;
    if (error.code !== "commander.help") voice.say(plainMessage(error.message));
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    voice.say(error.message);
    return EXIT.usage;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  voice.say(`this is a defect in manyhands, please report it: ${stack}`);
  return EXIT.defect;
}

function plainMessage(message: string): string {
  return message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
}
