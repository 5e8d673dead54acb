/** The file by which a crawl is continued: what was found, and what became of it, one line each, only ever appended to.
 *
 *  A line is the CRC-32 of the rest in eight hexadecimal digits, a space, and JSON. It is written by one system call, before
 *  anything goes on that depends on it; so a process that is killed leaves whole lines, and perhaps a piece of one at the
 *  end, which is cut off by the next run. Nothing is ever rewritten.
 *
 *  Guarantees: after SIGKILL the file holds every line whose `append` had returned. After a loss of power it holds a
 *  beginning of them, since the system writes a file's pages when it likes; the crawl is then continued from there. */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { AddressEnd } from "./address-state.js";
import { StateFileError } from "./state-file-error.js";

/** How an address came into the crawl. */
export type Origin = "seed" | "link" | "redirect" | "canonical" | "sitemap";

/** What is to be read at an address. */
export type AddressKind = "page" | "sitemap";

/** A line of the file. */
export type JournalLine =
  /** The first one: what makes two crawls the same. */
  | { readonly t: "crawl"; readonly version: 1; readonly identity: string }
  | {
      readonly t: "found";
      readonly url: string;
      readonly depth: number;
      readonly origin: Origin;
      readonly kind: AddressKind;
      /** Redirects in a row that led here. */
      readonly hops: number;
    }
  /** `at`: how far the consumer's output had come, in bytes. */
  | { readonly t: "ended"; readonly url: string; readonly end: AddressEnd; readonly at?: number };

/** Journal of a crawl that is to be continued one day. */
export class Journal implements Disposable {
  readonly path: string;
  readonly #file: number;

  private constructor(path: string, file: number) {
    this.path = path;
    this.#file = file;
  }

  /** Opens the file at `path`, or makes it, and reads what is in it.
   *  @param identity what makes two crawls the same: a file of another one is refused
   *  @throws StateFileError (`ERR_STATE_FILE`) when the file is no journal, or that of another crawl. */
  static open(path: string, identity: string): { readonly journal: Journal; readonly lines: readonly JournalLine[] } {
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const { lines, sound } = readLines(bytes);
    const [head] = lines;
    if (bytes.length > 0 && head?.t !== "crawl" && !isCutHead(bytes)) {
      throw new StateFileError(path, "it is no journal of a crawl; give another path");
    }
    if (head?.t === "crawl" && head.identity !== identity) {
      throw new StateFileError(path, `it belongs to another crawl (${head.identity}); this one is ${identity}`);
    }
    const file = openSync(path, "a", 0o600);
    ftruncateSync(file, sound);
    const journal = new Journal(path, file);
    if (head === undefined) journal.append([{ t: "crawl", version: 1, identity }]);
    return { journal, lines };
  }

  /** Writes lines behind all others; they are there for whoever reads the file next, also when this process is killed now. */
  append(lines: readonly JournalLine[]): void {
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.map(lineOf).join(""));
    // A full disk may take a part only; the rest follows, or the error says why not.
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function lineOf(line: JournalLine): string {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");

/** The whole lines from the start, and where they end. What follows the first broken one is not believed: a line behind it
 *  may have been written for an address that the broken one has found. */
export function readLines(bytes: Buffer): { readonly lines: readonly JournalLine[]; readonly sound: number } {
  const lines: JournalLine[] = [];
  let sound = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, sound)) {
    const line = parsedLine(bytes.toString("utf8", sound, end));
    if (line === undefined) break;
    lines.push(line);
    sound = end + 1;
  }
  return { lines, sound };
}

function parsedLine(text: string): JournalLine | undefined {
  const json = text.slice(9);
  // The checksum vouches for the shape: no one else writes such lines.
  return text[8] === " " && checksum(json) === text.slice(0, 8) ? (JSON.parse(json) as JournalLine) : undefined;
}

/** Whether a file without a first line was begun by a crawl that was killed while it wrote that line. */
const isCutHead = (bytes: Buffer): boolean =>
  !bytes.includes(10) &&
  bytes.length < 8192 &&
  /^[0-9a-f]{0,8}( \{"t":"crawl".*|$| .{0,12}$)/s.test(bytes.toString("latin1"));
