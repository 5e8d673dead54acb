/** The list of a manager, as it is in the manager's process. */

/** Values that all processes see in one order. An index below zero counts from the end, as in Python. */
export class ManagerList<T> {
  readonly #items: T[];

  constructor(items: Iterable<T> = []) {
    this.#items = [...items];
  }

  /** @throws RangeError when there is no such index. */
  get(index: number): T {
    return this.#items[this.#place(index)] as T;
  }

  /** @throws RangeError when there is no such index. */
  set(index: number, value: T): void {
    this.#items[this.#place(index)] = value;
  }

  length(): number {
    return this.#items.length;
  }

  /** Adds values at the end. @returns the length then. */
  push(...values: T[]): number {
    return this.#items.push(...values);
  }

  append(value: T): void {
    this.#items.push(value);
  }

  extend(values: Iterable<T>): void {
    for (const value of values) this.#items.push(value);
  }

  insert(index: number, value: T): void {
    this.#items.splice(index, 0, value);
  }

  /** Takes a value out, the last one if not told which. @throws RangeError when there is none. */
  pop(index = -1): T {
    return this.#items.splice(this.#place(index), 1)[0] as T;
  }

  /** Takes the first such value out. @throws RangeError when there is none. */
  remove(value: T): void {
    this.#items.splice(this.index(value), 1);
  }

  /** Where the value stands first. @throws RangeError when it does not. */
  index(value: T): number {
    const index = this.#items.indexOf(value);
    if (index < 0) throw new RangeError("The list has no such value");
    return index;
  }

  includes(value: T): boolean {
    return this.#items.includes(value);
  }

  count(value: T): number {
    return this.#items.filter((item) => item === value).length;
  }

  slice(start?: number, end?: number): T[] {
    return this.#items.slice(start, end);
  }

  /** Numbers by size, all else by its text, unlike the language's own, which sorts numbers as texts too. */
  sort(order: "ascending" | "descending" = "ascending"): void {
    const sign = order === "ascending" ? 1 : -1;
    this.#items.sort((a, b) => sign * compare(a, b));
  }

  reverse(): void {
    this.#items.reverse();
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** A copy as an array. */
  copy(): T[] {
    return [...this.#items];
  }

  #place(index: number): number {
    const place = index < 0 ? this.#items.length + index : index;
    if (!Number.isInteger(place) || place < 0 || place >= this.#items.length) {
      throw new RangeError(`The list has no index ${index}: it has ${this.#items.length} values`);
    }
    return place;
  }
}

function compare(a: unknown, b: unknown): number {
  if ((typeof a === "number" || typeof a === "bigint") && (typeof b === "number" || typeof b === "bigint")) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
