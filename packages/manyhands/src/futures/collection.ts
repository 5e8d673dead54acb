/** The array that `await pool.map(…)` fills.
 *
 *  Guarantees: values stand at their places whatever the order of their arrival; the first failure in input order wins,
 *  once everything before it has ended. No object and no promise for each item: this is the path of the largest maps. */

const PENDING = Symbol("pending");

type Run = Float64Array | unknown[];

export class Collection {
  readonly #order: "ordered" | "as-completed";
  /** Index of the first item that is collected here. */
  readonly #base: number;
  readonly #values: unknown[] = [];
  /** Neighbours that came before their turn, by the place of the first. Nothing in `#values` stands behind any of them. */
  readonly #early = new Map<number, Run>();
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
      const at = index - this.#base;
      if (this.#early.size > 0 && at >= this.#values.length) return this.#putRun(at, [value]);
      this.#put(at, value);
      if (this.#failure !== undefined) this.#advance();
    }
  }

  /** The values of neighbours, from `index` on. */
  fulfilledRun(index: number, values: Float64Array): void {
    if (this.#order === "as-completed") this.#values.push(...values);
    else {
      const at = index - this.#base;
      if (this.#failure === undefined && at >= this.#values.length) return this.#putRun(at, values);
      for (let each = 0; each < values.length; each += 1) this.#put(at + each, values[each]);
      this.#putEarly();
      if (this.#failure !== undefined) this.#advance();
    }
  }

  rejected(index: number, reason: unknown): void {
    const at = this.#order === "ordered" ? index - this.#base : 0;
    if (this.#failure === undefined || at < this.#failure.at) this.#failure = { at, reason };
    const early = [...this.#early];
    this.#early.clear();
    for (const [from, run] of early) for (const [each, value] of run.entries()) this.#put(from + each, value);
    if (this.#order === "ordered") this.#put(at, undefined);
    this.#advance();
  }

  /** Neighbours that no value stands behind. All at once: a program's first thousands of items come before any loop of
   *  ours is compiled. */
  #putRun(at: number, run: Run): void {
    const values = this.#values;
    if (at > values.length) {
      this.#early.set(at, run.slice());
      return;
    }
    values.push(...run);
    this.#putEarly();
  }

  /** Those whose turn it is now. */
  #putEarly(): void {
    if (this.#early.size === 0) return;
    const values = this.#values;
    for (let next = this.#early.get(values.length); next !== undefined; next = this.#early.get(values.length)) {
      this.#early.delete(values.length);
      values.push(...next);
    }
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
