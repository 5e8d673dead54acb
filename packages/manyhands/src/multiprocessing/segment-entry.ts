/** A segment of shared memory as one word: its name, and which of all that ever had the name. */
import { posixMemory } from "../memory/posix.js";
import { SegmentNotFoundError } from "../memory/segment-errors.js";

export const entryOf = (name: string, identity: string): string => `${name}:${identity}`;

/** In the place of the identity of a segment that is about to be made, under a name that nobody else can have. */
export const UNBORN = "*";

/** Unlinks the segment if it is still the one that was meant. */
export function unlinkEntry(entry: string): void {
  const name = entry.slice(0, entry.lastIndexOf(":"));
  try {
    const meant = [entryOf(name, UNBORN), entryOf(name, posixMemory().identityOf(name))];
    if (meant.includes(entry)) posixMemory().unlink(name);
  } catch (error) {
    // Gone: somebody else has unlinked it.
    if (!(error instanceof SegmentNotFoundError)) throw error;
  }
}
