/** What differs from one tick to the next.
 *
 *  Guarantees: what was given out once is not given again while its JSON stays the same. */
export class Differences {
  readonly #texts = new Map<string, string>();

  /** `{ [name]: value }` when the value is not as it was; else nothing. */
  of<N extends string, V>(name: N, value: V): { readonly [K in N]?: V } {
    return this.changed(name, value) ? ({ [name]: value } as { readonly [K in N]?: V }) : {};
  }

  changed(name: string, value: unknown): boolean {
    const text = JSON.stringify(value);
    if (this.#texts.get(name) === text) return false;
    this.#texts.set(name, text);
    return true;
  }
}
