/** Rank 1: bytes that several threads or processes see. */
export { CallFile, FILE_SLOTS, InheritedCallFile } from "./call-file.js";
export { CallSlots, fitsSlot, SLOTS, type SlotValue, slotToken } from "./call-slots.js";
export { Cells, park } from "./cells.js";
