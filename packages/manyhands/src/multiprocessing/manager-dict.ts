/** The dictionary of a manager, as it is in the manager's process. */

/** Keys and values that all processes see. Keys are compared as those of a `Map`: objects that are copied are never equal. */
export class ManagerDict<K, V> {
  readonly #entries: Map<K, V>;

  constructor(entries: Iterable<readonly [K, V]> = []) {
    this.#entries = new Map(entries);
  }

  /** The value of the key, or what to give when there is none. */
  get(key: K, otherwise?: V): V | undefined {
    return this.#entries.has(key) ? this.#entries.get(key) : otherwise;
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Whether there was one to be deleted. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  size(): number {
    return this.#entries.size;
  }

  keys(): K[] {
    return [...this.#entries.keys()];
  }

  values(): V[] {
    return [...this.#entries.values()];
  }

  entries(): [K, V][] {
    return [...this.#entries];
  }

  /** The value of the key, which is set first when there is none. */
  setdefault(key: K, value: V): V {
    if (!this.#entries.has(key)) this.#entries.set(key, value);
    return this.#entries.get(key) as V;
  }

  /** Takes the key out, and gives its value, or what to give when there is none. */
  pop(key: K, otherwise?: V): V | undefined {
    const value = this.get(key, otherwise);
    this.#entries.delete(key);
    return value;
  }

  /** Takes the newest entry out; `undefined` when there is none. */
  popitem(): [K, V] | undefined {
    const last = [...this.#entries].at(-1);
    if (last !== undefined) this.#entries.delete(last[0]);
    return last;
  }

  /** Sets all of these. */
  update(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.#entries.set(key, value);
  }

  /** A copy as a `Map`. */
  copy(): Map<K, V> {
    return new Map(this.#entries);
  }
}
