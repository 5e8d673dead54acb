/** One listener for each AbortSignal, however many calls it governs.
 *
 *  Guarantees: a call is told at most once; when the last call of a signal has ended, nothing of it stays with the
 *  signal, which often lives as long as the program. */

export class SignalWatch<C> {
  readonly #tell: (call: C, reason: unknown) => void;
  readonly #watched = new Map<AbortSignal, { readonly calls: Set<C>; readonly listener: () => void }>();

  constructor(tell: (call: C, reason: unknown) => void) {
    this.#tell = tell;
  }

  add(signal: AbortSignal, call: C): void {
    let watched = this.#watched.get(signal);
    if (watched === undefined) {
      watched = { calls: new Set(), listener: () => this.#aborted(signal) };
      this.#watched.set(signal, watched);
      signal.addEventListener("abort", watched.listener, { once: true });
    }
    watched.calls.add(call);
  }

  remove(signal: AbortSignal, call: C): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.calls.delete(call);
    if (watched.calls.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener("abort", watched.listener);
  }

  #aborted(signal: AbortSignal): void {
    const calls = this.#watched.get(signal)?.calls ?? [];
    for (const call of [...calls]) this.#tell(call, signal.reason);
  }
}
