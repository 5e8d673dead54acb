/** Rank 1: bytes that several threads or processes see. What waiting stands on (`world.ts`, `bell.ts`, `line.ts`, …) is
 *  imported by file: the executors and their workers do without it, and would load it with this one. */
export { isLarge, lengthAt, type Place } from "./byte-room.js";
export { CallFile, FILE_SLOTS, InheritedCallFile, isAfter, LEASE, openCallFile } from "./call-file.js";
export { CallSlots, newSlotBuffer, SLOTS, slotToken } from "./call-slots.js";
export { type Cells, type CellsFactory, park, SharedCells, sharedCells } from "./cells.js";
export { ItemRows, isRow, LONGEST_ROW, rowToken } from "./item-rows.js";
export { type OutcomeVisitor, RECORD, recordKind, recordValue } from "./outcome-ring.js";
export { fitsSlot, type SlotValue } from "./slot-value.js";
