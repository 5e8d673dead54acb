/** How locks and queues look when a program prints them: `Lock <held, 2 wait>`, their state and not their insides. */

/** Node's own symbol, which isolated declarations can name only as a constant of ours. */
const PRINTED: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** What prints as its class and its state. */
// One class for all: a bundler keeps every class that has a method under a symbol it does not know, used or not.
export class Printed {
  /** Overridden by each. @internal */
  get printed(): string {
    return "";
  }

  /** @internal */
  [PRINTED](): string {
    return `${this.constructor.name} <${this.printed}>`;
  }
}
