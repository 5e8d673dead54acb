/** An unfinished file and the note beside it: `NAME.HASH.part` and `NAME.HASH.part.json`.
 *
 *  The note says how much is safely on the disk, and is written after that has been synced: whatever moment the program or the
 *  machine ends at, the note promises no byte that is not there.
 *
 *  Guarantees: no link is followed; a file that somebody else has put in its place is not taken for ours. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IncompleteError } from "./errors.js";
import { nameOfUrl } from "./file-name.js";
import { type PartState, parsePartState } from "./part-state.js";

/** Bytes between two notes. */
const CHECKPOINT = 4 * 1024 * 1024;

/** Windows has none, and no links that anybody may make. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;

/** Where the unfinished file of a URL stands: the same in each run, or nothing could be resumed. */
export function partPathOf(folder: string, url: URL): string {
  const hash = createHash("sha256").update(url.href).digest("hex").slice(0, 12);
  return join(folder, `${nameOfUrl(url)}.${hash}.part`);
}

export class PartFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  #state: PartState;
  #noted: number;

  private constructor(path: string, file: FileHandle, state: PartState) {
    this.path = path;
    this.#file = file;
    this.#state = state;
    this.#noted = state.done;
  }

  /** @param earlier what to do with one that is there already */
  static async open(path: string, url: string, earlier: "continue" | "discard"): Promise<PartFile> {
    const state = earlier === "continue" ? await readState(path, url) : undefined;
    if (state !== undefined) {
      const file = await openEarlier(path, state.done);
      if (file !== undefined) return new PartFile(path, file, state);
    }
    await rm(path, { force: true });
    await rm(noteOf(path), { force: true });
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | NOFOLLOW;
    return new PartFile(path, await open(path, flags, 0o666), { url, validator: undefined, total: undefined, done: 0 });
  }

  get state(): PartState {
    return this.#state;
  }

  /** For reading it again. */
  get file(): FileHandle {
    return this.#file;
  }

  /** Starts again from nothing. */
  async begin(validator: string | undefined, total: number | undefined): Promise<void> {
    // The note first: it must not promise bytes that are being thrown away.
    await rm(noteOf(this.path), { force: true });
    await this.#file.truncate(0);
    this.#state = { ...this.#state, validator, total, done: 0 };
    this.#noted = 0;
  }

  /** Adds what came. */
  async append(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length; ) {
      const { bytesWritten } = await this.#file.write(piece, at, piece.length - at, this.#state.done + at);
      at += bytesWritten;
    }
    this.#state = { ...this.#state, done: this.#state.done + piece.length };
    if (this.#state.done - this.#noted >= CHECKPOINT) await this.note();
  }

  /** Syncs, and notes what is there. */
  async note(): Promise<void> {
    if (this.#state.done === this.#noted || this.#state.validator === undefined) return;
    await this.#file.datasync();
    const next = `${noteOf(this.path)}.new`;
    await rm(next, { force: true });
    await writeFile(next, JSON.stringify(this.#state), { flag: "wx" });
    await rename(next, noteOf(this.path));
    this.#noted = this.#state.done;
  }

  /** Makes sure that all is on the disk, and that the path still leads to this very file. */
  async seal(): Promise<void> {
    // Behind what was noted there may be bytes of a run that was killed.
    await this.#file.truncate(this.#state.done);
    await this.#file.sync();
    const [own, there] = [await this.#file.stat(), await lstat(this.path)];
    if (own.ino !== there.ino || own.dev !== there.dev) {
      throw new IncompleteError(`${this.path} was replaced while it was written; is it downloaded twice at once?`);
    }
  }

  /** Removes it; also after it has been moved, when only its note is left. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(noteOf(this.path), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

const noteOf = (path: string): string => `${path}.json`;

async function readState(path: string, url: string): Promise<PartState | undefined> {
  try {
    return parsePartState(await readFile(noteOf(path), { encoding: "utf8", flag: constants.O_RDONLY | NOFOLLOW }), url);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** A regular file with at least what its note promises, or nothing. */
async function openEarlier(path: string, done: number): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDWR | NOFOLLOW | (constants.O_NONBLOCK ?? 0));
    const stat = await file.stat();
    if (stat.isFile() && stat.nlink === 1 && stat.size >= done) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
