/** Values become items: checked, and copied, when they are put or sent. */
import { SerializationError } from "../base/errors.js";
import { isShareable } from "../base/shareable.js";
import { Item } from "../memory/item.js";
import type { QueueOrder } from "../memory/open-store.js";
import { findCulprit, isPrimitive, Survey } from "../wire/mod.js";

/** Bytes in another memory: as strict as the way to another process, though they may not go there. */
const ROUTE = "process";

/** How an error speaks of the value. */
interface Wording {
  /** What the value is called: the begin of a path. */
  readonly name: string;
  /** What was to be done with it. */
  readonly verb: string;
}

const PUT: Wording = { name: "item", verb: "put" };
const SENT: Wording = { name: "value", verb: "send" };

/** Makes an item of a value that is put into a queue.
 *  @throws SerializationError naming the part (`item.onClick`) that cannot be copied, UnorderableError for NaN in a priority
 *    queue. */
export function pack(value: unknown, order: QueueOrder): Item {
  if (!isPrimitive(value)) check(value, PUT);
  return copied(value, PUT, order === "priority" ? Item.ordered : Item.of);
}

/** Makes an item of a value that is sent through a pipe.
 *  @throws SerializationError naming the part (`value.onClick`) that cannot be copied. */
export function packMessage(value: unknown): Item {
  if (!isPrimitive(value)) check(value, SENT);
  return copied(value, SENT, Item.of);
}

function copied(value: unknown, wording: Wording, copy: (value: unknown) => Item): Item {
  try {
    return copy(value);
  } catch (error) {
    // V8 refuses what the check does not know of.
    if (error instanceof Error && error.name === "DataCloneError") throw refused(value, wording, error);
    throw error;
  }
}

function check(value: unknown, wording: Wording): void {
  const survey = new Survey(ROUTE);
  if (!survey.scan(value) || survey.shareables > 0) throw refused(value, wording, undefined);
}

/** What could travel as an argument of a call cannot be put: its memory cannot stand in memory. */
function shared(part: object): string | undefined {
  return isShareable(part) ? "it is shared, not copied; give it to the task as an argument" : undefined;
}

function refused(value: unknown, { name, verb }: Wording, cause: unknown): SerializationError {
  const found = findCulprit(value, name, ROUTE, undefined, shared) ?? {
    path: name,
    reason: "it cannot be copied",
    cause,
  };
  const options = found.cause === undefined ? undefined : { cause: found.cause };
  return new SerializationError(found.path, `Cannot ${verb} ${found.path}: ${found.reason}`, options);
}
