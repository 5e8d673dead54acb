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
  /** Neighbours that came before their turn, by the place of the first. No other value is put beyond them. */
  readonly #early = new Map<number, Float64Array>();
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
      this.#putAllEarly();
      this.#put(index - this.#base, value);
      if (this.#failure !== undefined) this.#advance();
    }
  }

  /** The values of neighbours, from `index` on. Put there all at once: a program's first thousands of items come before
   *  any loop of ours is compiled. */
  fulfilledRun(index: number, values: Float64Array): void {
    const at = index - this.#base;
    if (this.#order === "as-completed" || (at === this.#values.length && this.#failure === undefined)) {
      this.#values.push(...values);
      this.#putEarly();
    } else if (this.#failure === undefined && at > this.#values.length) this.#early.set(at, values.slice());
    else for (let each = 0; each < values.length; each += 1) this.fulfilled(index + each, values[each]);
  }

  /** Those that came before their turn, and have it now. */
  #putEarly(): void {
    if (this.#early.size === 0) return;
    for (
      let run = this.#early.get(this.#values.length);
      run !== undefined;
      run = this.#early.get(this.#values.length)
    ) {
      this.#early.delete(this.#values.length);
      this.#values.push(...run);
    }
  }

  /** Puts them all at their places, with gaps: what comes one by one is going to fill these. */
  #putAllEarly(): void {
    if (this.#early.size === 0) return;
    for (const [at, run] of this.#early)
      for (let each = 0; each < run.length; each += 1) this.#put(at + each, run[each]);
    this.#early.clear();
  }

  rejected(index: number, reason: unknown): void {
    const at = this.#order === "ordered" ? index - this.#base : 0;
    if (this.#failure === undefined || at < this.#failure.at) this.#failure = { at, reason };
    if (this.#order === "ordered") {
      this.#putAllEarly();
      this.#put(at, undefined);
    }
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
