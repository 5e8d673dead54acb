/** Values become items: checked, and copied, when they are put. */
import { SerializationError } from "../base/errors.js";
import { isShareable } from "../base/shareable.js";
import { Item } from "../memory/item.js";
import type { QueueOrder } from "../memory/open-store.js";
import { findCulprit, isPrimitive, Survey } from "../wire/mod.js";

/** Bytes in another memory: as strict as the way to another process, though the queue may not go there. */
const ROUTE = "process";

/** Makes an item of a value.
 *  @throws SerializationError naming the part (`item.onClick`) that cannot be copied, UnorderableError for NaN in a priority
 *    queue. */
export function pack(value: unknown, order: QueueOrder): Item {
  if (!isPrimitive(value)) check(value);
  try {
    return order === "priority" ? Item.ordered(value) : Item.of(value);
  } catch (error) {
    // V8 refuses what the check does not know of.
    if (error instanceof Error && error.name === "DataCloneError") throw refused(value, error);
    throw error;
  }
}

function check(value: unknown): void {
  if (isShareable(value)) {
    throw new SerializationError("item", "Cannot put item into a queue: it is shared, not copied; give it to the task");
  }
  if (!new Survey(ROUTE).scan(value)) throw refused(value, undefined);
}

function refused(value: unknown, cause: unknown): SerializationError {
  const found = findCulprit(value, "item", ROUTE) ?? { path: "item", reason: "it cannot be copied", cause };
  const options = found.cause === undefined ? undefined : { cause: found.cause };
  return new SerializationError(found.path, `Cannot put ${found.path} into a queue: ${found.reason}`, options);
}
