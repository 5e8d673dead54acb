/** Unlinks the segments of shared memory that this process created when it ends without having done so.
 *
 *  Guarantees: a segment that is tracked loses its name however the process ends, SIGKILL included: a shell, which does
 *  nothing else, waits for the end of a pipe that only this process holds, and then starts the program that unlinks. A segment
 *  that another process has made anew under the same name meanwhile is left alone. Who has a segment mapped keeps it.
 *
 *  Not covered: for a name that the user has given, and others may have too, a kill between the creation and the next line,
 *  microseconds later; a kill of the shell too, before this process notices. */
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { posixMemory } from "../memory/posix.js";
import { entryOf, UNBORN, unlinkEntry } from "./segment-entry.js";

/** Keeps the list of what is to be unlinked, by lines `+ ENTRY` and `- ENTRY`. Node itself would need 40 ms of a processor and
 *  10 MB for that; it is started only when something is left. */
const SHELL = `
left=" "
while read -r sign entry; do
  case "$sign$left" in
    +*) left="$left$entry " ;;
    -*" $entry "*) left="\${left%%" $entry "*} \${left#*" $entry "}" ;;
  esac
done
[ "$left" = " " ] || printf %s "$left" | "$0" "$1"
`;

/** One for each thread that creates segments; what it tracks belongs to the process all the same. */
export class SegmentTracker {
  readonly #tracked = new Set<string>();
  #writeEnd: number | undefined;

  constructor() {
    // The quick way. A thread may end before its process, to which its segments belong.
    if (isMainThread) process.once("exit", () => this.#unlinkAll());
  }

  /** A segment is about to be made.
   *  @param whose - the name: `ours` when nobody else can have it. Of others it is only known that they are ours once they
   *    have been made; for them the shell is there by then. */
  expect(name: string, whose: "ours" | "given"): void {
    if (whose === "ours") this.#add(entryOf(name, UNBORN));
    else if (this.#writeEnd === undefined) this.#start();
  }

  add(name: string, identity: string): void {
    this.#add(entryOf(name, identity));
    this.remove(name, UNBORN);
  }

  #add(entry: string): void {
    this.#tracked.add(entry);
    this.#tell(`+ ${entry}\n`);
  }

  /** The segment is unlinked, or was not made. Not before it is: this process may be killed in between. */
  remove(name: string, identity: string): void {
    const entry = entryOf(name, identity);
    if (this.#tracked.delete(entry)) this.#tell(`- ${entry}\n`);
  }

  #tell(line: string): void {
    if (this.#writeEnd === undefined) return this.#start();
    try {
      writeSync(this.#writeEnd, line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      // Somebody has ended the shell: another one gets the whole list.
      posixMemory().closeDescriptor(this.#writeEnd);
      this.#start();
    }
  }

  #start(): void {
    const { readEnd, writeEnd } = posixMemory().pipe();
    this.#writeEnd = writeEnd;
    // The options may name files by the way there from the program's own folder.
    const { NODE_OPTIONS: _ofThisProgram, ...env } = process.env;
    // Good from this folder and from any beside it, wherever the build puts this file.
    const cleaner = fileURLToPath(new URL("../multiprocessing/segment-cleaner.js", import.meta.url));
    // In a session of its own: what ends this program by its group, such as Ctrl-C, must not end the shell.
    const shell = spawn("/bin/sh", ["-c", SHELL, process.execPath, cleaner], {
      cwd: "/",
      env,
      detached: true,
      stdio: [readEnd, "ignore", "ignore"],
    });
    shell.on("error", (error) =>
      process.emitWarning(`Shared memory stays when this process is killed: ${error.message}`),
    );
    shell.unref();
    posixMemory().closeDescriptor(readEnd);
    for (const entry of this.#tracked) writeSync(writeEnd, `+ ${entry}\n`);
  }

  #unlinkAll(): void {
    for (const entry of this.#tracked) {
      unlinkEntry(entry);
      this.#tell(`- ${entry}\n`);
    }
  }
}

let tracker: SegmentTracker | undefined;

/** Tracks what this thread creates. */
export function segmentTracker(): SegmentTracker {
  tracker ??= new SegmentTracker();
  return tracker;
}
