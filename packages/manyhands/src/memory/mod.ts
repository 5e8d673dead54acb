/** Rank 1: bytes that several threads or processes see. What waiting stands on (`world.ts`, `bell.ts`, `line.ts`, …) is
 *  imported by file: the executors and their workers do without it, and would load it with this one. */
export { CallFile, FILE_SLOTS, InheritedCallFile, isAfter, LEASE } from "./call-file.js";
export { CallSlots, fitsSlot, SLOTS, type SlotValue, slotToken } from "./call-slots.js";
export { type Cells, type CellsFactory, park, SharedCells, sharedCells } from "./cells.js";
export { type OutcomeVisitor, RECORD, recordKind, recordValue } from "./outcome-ring.js";
