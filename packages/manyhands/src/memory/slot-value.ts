/** The values that fit shared memory. Everything else travels as a message. */
export type SlotValue = undefined | null | boolean | number;

export function fitsSlot(value: unknown): value is SlotValue {
  return typeof value === "number" || value === undefined || value === null || typeof value === "boolean";
}
