/** The array that `await pool.map(…)` fills.
 *
 *  Guarantees: values stand at their places whatever the order of their arrival; the first failure in input order wins,
 *  once everything before it has ended. No object and no promise for each item: this is the path of the largest maps. */

const PENDING = Symbol("pending");

export class Collection {
  readonly #order: "ordered" | "as-completed";
  /** Index of the first item that is collected here. */
  readonly #base: number;
  readonly #values: unknown[] = [];
  /** All before it have ended. */
  #cursor = 0;
  #failure: { readonly at: number; readonly reason: unknown } | undefined;

  constructor(order: "ordered" | "as-completed", base: number) {
    this.#order = order;
    this.#base = base;
  }

  get values(): unknown[] {
    return this.#values;
  }

  /** The failure that ends the map, when everything before it has ended. */
  get failure(): { readonly reason: unknown } | undefined {
    return this.#failure !== undefined && this.#cursor >= this.#failure.at ? this.#failure : undefined;
  }

  fulfilled(index: number, value: unknown): void {
    if (this.#order === "as-completed") this.#values.push(value);
    else {
      this.#put(index - this.#base, value);
      if (this.#failure !== undefined) this.#advance();
    }
  }

  /** The values of neighbours, from `index` on. */
  fulfilledRun(index: number, values: readonly unknown[]): void {
    const at = index - this.#base;
    if (this.#order === "ordered" && (at !== this.#values.length || this.#failure !== undefined)) {
      for (let each = 0; each < values.length; each += 1) this.fulfilled(index + each, values[each]);
    } else this.#values.push(...values);
  }

  rejected(index: number, reason: unknown): void {
    const at = this.#order === "ordered" ? index - this.#base : 0;
    if (this.#failure === undefined || at < this.#failure.at) this.#failure = { at, reason };
    if (this.#order === "ordered") this.#put(at, undefined);
    this.#advance();
  }

  #put(at: number, value: unknown): void {
    const values = this.#values;
    // Filled up to the place, so that the array never has holes.
    while (values.length < at) values.push(PENDING);
    if (at === values.length) values.push(value);
    else values[at] = value;
  }

  #advance(): void {
    while (this.#cursor < this.#values.length && this.#values[this.#cursor] !== PENDING) this.#cursor += 1;
  }
}
