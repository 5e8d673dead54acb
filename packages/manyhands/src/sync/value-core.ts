/** What a value does wherever its memory is: here, or in another process whose owner is asked. */
import type { RemoteLink, RemoteObject } from "../base/shareable.js";
import type { ElementCode, ElementName, ElementOf } from "../memory/element-type.js";
import { unknownMethod } from "./remote-calls.js";

export interface ValueCore<C extends ElementCode> {
  get(): ElementOf<C>;
  set(value: ElementOf<C>): void;
  /** @returns what was there before. */
  add(delta: ElementOf<C>): ElementOf<C>;
  /** @returns what was there before. */
  compareExchange(expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C>;
}

/** The asking side. */
export class RemoteValue<C extends ElementCode> implements ValueCore<C> {
  readonly #link: RemoteLink;

  constructor(link: RemoteLink) {
    this.#link = link;
  }

  get(): ElementOf<C> {
    return this.#ask("get", []);
  }

  set(value: ElementOf<C>): void {
    // Waited for, so that what the owner refuses is thrown here.
    this.#ask("set", [value]);
  }

  add(delta: ElementOf<C>): ElementOf<C> {
    return this.#ask("add", [delta]);
  }

  compareExchange(expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C> {
    return this.#ask("compareExchange", [expected, next]);
  }

  #ask(method: keyof ValueCore<C>, args: readonly unknown[]): ElementOf<C> {
    return this.#link.callSync(method, args) as ElementOf<C>;
  }
}

/** The owner's side. A client holds nothing of a value. */
export function remoteValue<C extends ElementCode>(type: ElementName, core: ValueCore<C>): RemoteObject {
  const call = (method: string, args: readonly unknown[]): unknown => {
    const [first, second] = args as readonly ElementOf<C>[];
    if (method === "get") return core.get();
    if (method === "set") return core.set(first as ElementOf<C>);
    if (method === "add") return core.add(first as ElementOf<C>);
    if (method === "compareExchange") return core.compareExchange(first as ElementOf<C>, second as ElementOf<C>);
    return unknownMethod("Value", method);
  };
  return { facts: () => ({ type }), open: () => ({ call, close: () => undefined }) };
}
