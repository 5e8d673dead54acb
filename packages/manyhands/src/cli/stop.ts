/** How far a run has been told to stop, and by whom.
 *
 *  Guarantees: it only goes forward, running → draining → stopping; the first cause of the furthest stage is the one
 *  that counts; listeners hear each stage once. */

/** Why a run ends before its input does. */
export type StopCause =
  | { readonly kind: "signal"; readonly name: "SIGINT" | "SIGTERM" }
  | { readonly kind: "halt" }
  | { readonly kind: "output-closed" }
  | { readonly kind: "broken"; readonly error: unknown };

/** `draining`: no new calls, running ones end. `stopping`: running ones are ended too. */
export type StopState =
  | { readonly kind: "running" }
  | { readonly kind: "draining"; readonly cause: StopCause }
  | { readonly kind: "stopping"; readonly cause: StopCause };

const RANK = { running: 0, draining: 1, stopping: 2 } as const;

export class Stop {
  #state: StopState = { kind: "running" };
  readonly #listeners: ((state: StopState) => void)[] = [];

  get state(): StopState {
    return this.#state;
  }

  onChange(listener: (state: StopState) => void): void {
    this.#listeners.push(listener);
  }

  request(kind: "draining" | "stopping", cause: StopCause): void {
    if (RANK[kind] <= RANK[this.#state.kind]) return;
    this.#state = { kind, cause };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** SIGINT once drains, twice stops; SIGTERM stops. Disposing gives the signals back to Node. */
export function stopOnSignals(stop: Stop): Disposable {
  const onInterrupt = (): void =>
    stop.request(stop.state.kind === "running" ? "draining" : "stopping", { kind: "signal", name: "SIGINT" });
  const onTerminate = (): void => stop.request("stopping", { kind: "signal", name: "SIGTERM" });
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
    },
  };
}

/** Either signal drains, a second one stops: SIGTERM is how servers are told to end. */
export function stopOnEitherSignal(stop: Stop): Disposable {
  const onSignal = (name: "SIGINT" | "SIGTERM"): void =>
    stop.request(stop.state.kind === "running" ? "draining" : "stopping", { kind: "signal", name });
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return { [Symbol.dispose]: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal) };
}
