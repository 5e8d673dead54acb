/** How an item stands in a slab: two units of header, its payload, and for a priority queue its key.
 *
 *  In words of 32 bits: units of the whole, kind (and the mark of the removed), length of the payload, and a place: of the
 *  record below (a stack), or of the key (a priority queue). */
import { Item } from "./item.js";
import type { Slab } from "./slab.js";
import { UNIT } from "./slab.js";

export const HEADER_UNITS = 2;
const REMOVED = 256;

/** The units that an item takes up, without a key. */
export function itemUnits(item: Item): number {
  return HEADER_UNITS + Math.ceil(item.length / UNIT);
}

export function writeRecord(slab: Slab, at: number, item: Item, units: number, place: number): void {
  slab.setInt(at * 2, units);
  slab.setInt(at * 2 + 1, item.kind);
  slab.setInt(at * 2 + 2, item.length);
  slab.setInt(at * 2 + 3, place);
  item.write(slab, at + HEADER_UNITS);
}

export function readRecord(slab: Slab, at: number): Item {
  return Item.at(slab, at + HEADER_UNITS, slab.int(at * 2 + 1) & ~REMOVED, slab.int(at * 2 + 2));
}

export function unitsOf(slab: Slab, at: number): number {
  return slab.int(at * 2);
}

export function placeIn(slab: Slab, at: number): number {
  return slab.int(at * 2 + 3);
}

export function markRemoved(slab: Slab, at: number): void {
  slab.setInt(at * 2 + 1, slab.int(at * 2 + 1) | REMOVED);
}

export function isRemoved(slab: Slab, at: number): boolean {
  return (slab.int(at * 2 + 1) & REMOVED) !== 0;
}
