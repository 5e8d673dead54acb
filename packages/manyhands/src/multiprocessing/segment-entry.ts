/** A segment of shared memory as one word: its name, and which of all that ever had the name. */
import { posixMemory } from "../memory/posix.js";
import { SegmentNotFoundError } from "../memory/segment-errors.js";

export const entryOf = (name: string, identity: string): string => `${name}:${identity}`;

/** Unlinks the segment if it is still the one that was meant. */
export function unlinkEntry(entry: string): void {
  const name = entry.slice(0, entry.lastIndexOf(":"));
  try {
    if (entryOf(name, posixMemory().identityOf(name)) === entry) posixMemory().unlink(name);
  } catch (error) {
    // Gone: somebody else has unlinked it.
    if (!(error instanceof SegmentNotFoundError)) throw error;
  }
}
