/** The namespace, the value and the array of a manager, as they are in the manager's process. */

/** Named values that all processes see. By methods and not by assignment, which nobody could await. */
export class ManagerNamespace<T extends object> {
  readonly #values: Map<PropertyKey, unknown>;

  constructor(values: Partial<T> = {}) {
    this.#values = new Map(Object.entries(values));
  }

  get<K extends keyof T>(name: K): T[K] | undefined {
    return this.#values.get(name) as T[K] | undefined;
  }

  set<K extends keyof T>(name: K, value: T[K]): void {
    this.#values.set(name, value);
  }

  has(name: keyof T): boolean {
    return this.#values.has(name);
  }

  /** Whether there was one to be deleted. */
  delete(name: keyof T): boolean {
    return this.#values.delete(name);
  }

  /** Sets all of these. */
  update(values: Partial<T>): void {
    for (const [name, value] of Object.entries(values)) this.#values.set(name, value);
  }

  /** A copy as an object. */
  copy(): Partial<T> {
    return Object.fromEntries(this.#values) as Partial<T>;
  }
}

/** One value that all processes see. */
export class ManagerValue<T> {
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
  }

  /** Adds to a number, in one go. @returns what it is then. @throws TypeError when it is not a number. */
  add(by: number): number {
    if (typeof this.#value !== "number") throw new TypeError(`Cannot add to a ${typeof this.#value}`);
    const sum = this.#value + by;
    this.#value = sum as T;
    return sum;
  }

  /** Sets another value in the place of an expected one. @returns whether that was there. */
  compareAndSet(expected: T, value: T): boolean {
    if (!Object.is(this.#value, expected)) return false;
    this.#value = value;
    return true;
  }
}
