/** Rank 1: bytes that several threads or processes see. */
export { CallFile, FILE_SLOTS, InheritedCallFile, isAfter, LEASE } from "./call-file.js";
export { CallSlots, SLOTS, slotToken } from "./call-slots.js";
export { Cells, park } from "./cells.js";
export { ItemRows, isRow, LONGEST_ROW, rowToken } from "./item-rows.js";
export { type OutcomeVisitor, RECORD, recordKind, recordValue } from "./outcome-ring.js";
export { fitsSlot, type SlotValue } from "./slot-value.js";
