/** From one picture to the next: the same function at the server, which keeps its own picture by it, and in the page.
 *
 *  Guarantees: pictures are never changed in place; what a delta does not name is the same object as before, so that a page sees
 *  by identity what it need not draw anew; lists never grow beyond `keeps`. No import but types: it runs in browsers. */
import type { Changes, FunctionRow, Picture } from "./protocol.js";

/** The picture after `changes`. */
export function applied(picture: Picture, changes: Changes): Picture {
  const { functions, bars, sample, ...replaced } = changes;
  const { keeps } = picture;
  return {
    ...picture,
    ...replaced,
    functions: functions === undefined ? picture.functions : merged(picture.functions, functions),
    bars: bars === undefined ? picture.bars : appended(picture.bars, bars, keeps.bars),
    samples: sample === undefined ? picture.samples : appended(picture.samples, [sample], keeps.samples),
  };
}

/** Ids count from 0 without gaps, so an id is an index. */
function merged(rows: readonly FunctionRow[], changed: readonly FunctionRow[]): readonly FunctionRow[] {
  const next = [...rows];
  for (const row of changed) next[row.id] = row;
  return next;
}

function appended<T>(list: readonly T[], more: readonly T[], most: number): readonly T[] {
  const all = [...list, ...more];
  return all.length > most ? all.slice(all.length - most) : all;
}
