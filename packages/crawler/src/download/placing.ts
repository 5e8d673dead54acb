/** Where finished files go.
 *
 *  Guarantees: a name is given to one URL of a run only, in whatever case or Unicode form it is written; a file appears whole
 *  or not at all; nothing that is there is overwritten unless that was asked for, also when it appears in the last moment;
 *  a link in the place of a file is replaced, never followed. */
import { link, lstat, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { FileExistsError } from "./errors.js";
import { numberedName } from "./file-name.js";

/** What to do when there is a file of the name already. */
export type Existing = "fail" | "overwrite" | "skip" | "rename";

/** Names that URLs of a run have. */
export class NameClaims {
  readonly #owners = new Map<string, string>();

  /** The name, or one beside it, for `url` alone. */
  claim(name: string, url: string): string {
    for (let number = 0; ; number += 1) {
      const candidate = number === 0 ? name : numberedName(name, number);
      // File systems of other systems take these for one name.
      const key = candidate.normalize("NFC").toLowerCase();
      const owner = this.#owners.get(key) ?? url;
      if (owner !== url) continue;
      this.#owners.set(key, url);
      return candidate;
    }
  }
}

/** Whether something is there, be it a link that leads nowhere. */
export async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** Moves a sealed file to its place; resolves to its path, or `undefined` when it was to be skipped.
 *  @throws (rejects) FileExistsError (`ERR_FILE_EXISTS`) */
export async function place(
  part: string,
  folder: string,
  name: string,
  existing: Existing,
  claims: NameClaims,
  url: string,
): Promise<string | undefined> {
  for (let number = 0; ; number += 1) {
    const candidate = number === 0 ? name : claims.claim(numberedName(name, number), url);
    const path = join(folder, candidate);
    if (existing === "overwrite") await rename(part, path);
    else if (!(await moveIfFree(part, path))) {
      if (existing === "rename") continue;
      if (existing === "skip") return undefined;
      throw new FileExistsError(path);
    }
    await syncFolder(folder);
    return path;
  }
}

/** Not "look, then rename": another program may come in between. A link is made only where nothing is. */
async function moveIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EEXIST") return false;
    // File systems without links, such as FAT: the best that is left.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK") throw error;
    if (await isTaken(to)) return false;
    await rename(from, to);
    return true;
  }
  await unlink(from);
  return true;
}

/** So that the new name outlives a power failure. Windows cannot open folders, and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
