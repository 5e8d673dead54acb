/** How locks and queues look when a program prints them: their state, not their insides. */
import { inspect } from "node:util";

/** Has objects of a class shown as `Lock <held, 2 wait>`.
 *  @param state what stands between the brackets */
export function showState<T extends object>(shown: { readonly prototype: T }, state: (one: T) => string): void {
  // Not a method of the class: isolated declarations cannot name a computed key.
  Object.defineProperty(shown.prototype, inspect.custom, {
    value(this: T): string {
      return `${this.constructor.name} <${state(this)}>`;
    },
  });
}
