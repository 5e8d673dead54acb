/** A list whose members know their neighbours: adding, and removing from anywhere, take a few writes, and nothing of the list
 *  grows or is looked up. For lists of a million, where a `Set` would be made anew with each doubling.
 *
 *  Guarantees: in the order of adding. A member is in one chain at most, and is removed once. */

/** What can be a member. Both are the chain's to set. */
export interface Link<N> {
  before: N | undefined;
  behind: N | undefined;
}

export class Chain<N extends Link<N>> {
  #first: N | undefined;
  #last: N | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): N | undefined {
    return this.#first;
  }

  get last(): N | undefined {
    return this.#last;
  }

  /** Behind all others. */
  add(member: N): void {
    member.before = this.#last;
    if (this.#last === undefined) this.#first = member;
    else this.#last.behind = member;
    this.#last = member;
    this.#length += 1;
  }

  /** It must be in this chain. */
  remove(member: N): void {
    const { before, behind } = member;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    member.before = undefined;
    member.behind = undefined;
    this.#length -= 1;
  }

  /** The chain must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<N> {
    for (let member = this.#first; member !== undefined; member = member.behind) yield member;
  }
}
