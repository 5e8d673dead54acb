/** Where one process puts bytes into the shared file for another to find: who may write where, in one direction.
 *
 *  A socket takes 4 µs for a small value on each side, and hands 16 MB over in hundreds of pieces; the page cache takes
 *  0.6 µs, and 16 MB at the pace of a copy.
 *
 *  Guarantees: bytes stay until the other side has taken them, however this side ended; what finds no room is refused and
 *  travels otherwise: neither side waits for the other. See PROTOCOL.md.
 *
 *  Two areas, one behind the other. `small` is a ring, so that a steady stream of values goes round in the same pages;
 *  its positions count units, modulo 2²⁴, and no value lies across its end. `large` is filled from its start whenever all
 *  that was put there has been taken, so that its pages are as many as were in use at once. */

/** All places begin at a multiple of this. */
const UNIT = 64;
const SMALL_UNITS = 1 << 14;
const POSITIONS = 1 << 24;
const SMALL_BYTES = SMALL_UNITS * UNIT;
const LARGE_BYTES = 1 << 25;
/** No small value is larger, lest a single one keeps all others out. */
const LARGEST_SMALL = SMALL_BYTES / 8;
const LENGTHS = 1 << 26;

/** Bytes of a room: its two areas. Pages that were never written do not exist. */
export const SMALL_ROOM: number = SMALL_BYTES;
export const LARGE_ROOM: number = LARGE_BYTES;

/** Area, position and length of a value, as one number that a record can carry. */
export type Place = number;

export function lengthAt(place: Place): number {
  return place % LENGTHS;
}

/** Whether it is in the area of large values. */
export function isLarge(place: Place): boolean {
  return (Math.floor(place / LENGTHS) & 1) === 1;
}

/** Where in its area a value begins, in bytes. */
export function offsetAt(place: Place): number {
  return (isLarge(place) ? positionAt(place) : positionAt(place) % SMALL_UNITS) * UNIT;
}

function positionAt(place: Place): number {
  return Math.floor(place / LENGTHS / 2);
}

/** The place of all bytes from one small value to the end of a later one, padding included; `first` alone when they do not
 *  lie in a row of at most `most` bytes. */
export function spanOf(first: Place, last: Place, most: number): Place {
  const length = offsetAt(last) - offsetAt(first) + lengthAt(last);
  const row = !isLarge(first) && !isLarge(last) && offsetAt(last) > offsetAt(first) && length <= most;
  return row ? placeOf(positionAt(first), 0, length) : first;
}

/** Where a value begins inside a span, in bytes; -1 when it does not lie there. */
export function offsetIn(span: Place, place: Place): number {
  if (isLarge(span) || isLarge(place)) return -1;
  const offset = ((positionAt(place) - positionAt(span) + POSITIONS) % POSITIONS) * UNIT;
  return offset + lengthAt(place) <= lengthAt(span) ? offset : -1;
}

function placeOf(position: number, area: 0 | 1, length: number): Place {
  return (position * 2 + area) * LENGTHS + length;
}

function unitsOf(length: number): number {
  return Math.ceil(length / UNIT);
}

/** What has been taken: small values up to this position, and so many large ones ever. */
export interface Taken {
  readonly small: number;
  readonly large: number;
}

/** The side that writes. */
export class RoomGiver {
  readonly #askTaken: () => Taken;
  #taken: Taken = { small: 0, large: 0 };
  #small = 0;
  /** Where large values go on, in units, and how many were ever put there. */
  #large = 0;
  #largeGiven = 0;

  /** @param taken asks what has been taken; asked only when there seems to be no room, or something is large. */
  constructor(taken: () => Taken) {
    this.#askTaken = taken;
  }

  /** Finds a place, which is this value's once it is kept. @returns -1 when there is none. */
  find(length: number): Place {
    if (length <= LARGEST_SMALL) return this.#findSmall(length);
    const free = this.#largeGiven === 0 || this.#ask().large === this.#largeGiven;
    const position = free ? 0 : this.#large;
    return (position + unitsOf(length)) * UNIT > LARGE_BYTES ? -1 : placeOf(position, 1, length);
  }

  /** The value has been written there. */
  keep(place: Place): void {
    const end = positionAt(place) + unitsOf(lengthAt(place));
    if (!isLarge(place)) {
      this.#small = end % POSITIONS;
      return;
    }
    this.#large = end;
    this.#largeGiven = (this.#largeGiven + 1) | 0;
  }

  #findSmall(length: number): Place {
    const units = unitsOf(length);
    const left = SMALL_UNITS - (this.#small % SMALL_UNITS);
    const position = left < units ? (this.#small + left) % POSITIONS : this.#small;
    const fits = (taken: Taken): boolean => (position + units - taken.small + POSITIONS) % POSITIONS <= SMALL_UNITS;
    return fits(this.#taken) || fits(this.#ask()) ? placeOf(position, 0, length) : -1;
  }

  #ask(): Taken {
    this.#taken = this.#askTaken();
    return this.#taken;
  }
}

/** The side that reads, in the order in which places were given. */
export class RoomTaker implements Taken {
  small = 0;
  large = 0;

  /** The value has been taken, whatever became of it. */
  pass(place: Place): void {
    if (isLarge(place)) this.large = (this.large + 1) | 0;
    else this.small = (positionAt(place) + unitsOf(lengthAt(place))) % POSITIONS;
  }
}
