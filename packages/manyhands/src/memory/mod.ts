/** Rank 1: bytes that several threads or processes see. */
export { isLarge, lengthAt, type Place } from "./byte-room.js";
export { CallFile, FILE_SLOTS, InheritedCallFile, isAfter, LEASE } from "./call-file.js";
export { CallSlots, fitsSlot, SLOTS, type SlotValue, slotToken } from "./call-slots.js";
export { Cells, park } from "./cells.js";
export { type OutcomeVisitor, RECORD, recordKind, recordValue } from "./outcome-ring.js";
