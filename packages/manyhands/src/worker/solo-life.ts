/** The life of a thread or process as its starter sees it: new, alive, over. `Thread` and `Process` both keep one.
 *
 *  Guarantees: every wait ends when the life does; what nobody waits for keeps the program alive only if it is no daemon;
 *  what is waited for always does. A failure that nobody has asked for is handed to `lost`, once. */
import { LifeCycleError, TimeoutError, type WorkerExit, WorkerExitedError } from "../base/errors.js";
import { illegalMove } from "../base/invariant.js";
import { type WaitOptions, waitFor } from "../base/wait-options.js";
import { addDependant, removeDependant } from "./dependants.js";
import type { SoloEvents, SoloPort } from "./solo-port.js";

/** How the function ended, as far as is known. */
export type Outcome =
  | { readonly kind: "none" }
  | { readonly kind: "returned"; readonly value: unknown }
  /** It returned, and what it returned could not travel. */
  | { readonly kind: "unsendable"; readonly error: unknown }
  | { readonly kind: "threw"; readonly error: unknown };

type State<P> =
  | { readonly kind: "new" }
  | { readonly kind: "alive"; readonly port: P; readonly outcome: Outcome }
  /** Its function has ended, and it stays for what it has started. */
  | { readonly kind: "lingering"; readonly port: P; readonly outcome: Outcome }
  | { readonly kind: "over"; readonly port: P; readonly outcome: Outcome; readonly exit: Omit<WorkerExit, "task"> };

const NEXT = {
  new: ["alive"],
  alive: ["alive", "lingering", "over"],
  lingering: ["over"],
  over: [],
} as const satisfies Record<State<unknown>["kind"], readonly State<unknown>["kind"][]>;

/** Whose life it is. */
export interface LifeOwner {
  readonly what: "thread" | "process";
  readonly name: string;
  readonly daemon: boolean;
  /** Its function, for messages. */
  readonly task: string;
  /** A failure that nobody has asked for. */
  lost(error: unknown): void;
}

const NONE: Outcome = { kind: "none" };

export class SoloLife<R, P extends SoloPort> {
  readonly #owner: LifeOwner;
  #state: State<P> = { kind: "new" };
  readonly #watchers = new Set<() => void>();
  #wanted: "by-nobody" | "by-somebody" = "by-nobody";
  #dependedOn: "some" | "none" = "none";

  constructor(owner: LifeOwner) {
    this.#owner = owner;
  }

  get state(): State<P>["kind"] {
    return this.#state.kind;
  }

  /** @throws LifeCycleError when it has not been started. */
  get port(): P {
    return this.#started("use").port;
  }

  /** How it ended; `undefined` while it is alive. */
  get exit(): Omit<WorkerExit, "task"> | undefined {
    return this.#state.kind === "over" ? this.#state.exit : undefined;
  }

  /** Refuses a second start. */
  requireNew(): void {
    if (this.#state.kind === "new") return;
    const { what, name } = this.#owner;
    throw new LifeCycleError(
      "ERR_ALREADY_STARTED",
      `Cannot start ${what} ${name}: it was started before; make another`,
    );
  }

  /** @throws LifeCycleError when it has not been started. */
  requireStarted(): void {
    this.#started("wait for");
  }

  /** Begins. `open` makes the port, or throws; nothing has begun then. */
  begin(open: (events: SoloEvents) => P): void {
    this.requireNew();
    const port = open({
      returned: (value) => this.#ended({ kind: "returned", value }),
      unsendable: (error) => this.#ended({ kind: "unsendable", error }),
      threw: (error) => this.#threw(error),
      lingers: () => this.#lingers(),
      dependedOn: (by) => {
        this.#dependedOn = by;
        this.#hold();
      },
      exited: (exit, cause) => this.#exited(exit, cause),
    });
    this.#move({ kind: "alive", port, outcome: NONE });
    if (!this.#owner.daemon) addDependant(this);
    this.#hold();
  }

  /** Waits until it is over. @throws LifeCycleError | CancelledError */
  async over(options: WaitOptions = {}): Promise<void> {
    this.#started("wait for");
    await waitFor((ready) => this.#watch(ready), options);
  }

  /** What the function returned. @throws what it threw, or why there is no result. */
  async result(options: WaitOptions = {}): Promise<R> {
    const outcome = await this.#outcome(options);
    if (outcome.kind === "returned") return outcome.value as R;
    throw outcome.kind === "none" ? this.#noOutcome() : outcome.error;
  }

  /** What the function threw, or what else ended it; `undefined` when it returned. */
  async exception(options: WaitOptions = {}): Promise<unknown> {
    const outcome = await this.#outcome(options);
    if (outcome.kind === "none") return this.#noOutcome();
    return outcome.kind === "threw" ? outcome.error : undefined;
  }

  async #outcome(options: WaitOptions): Promise<Outcome> {
    this.#started("wait for");
    this.#wanted = "by-somebody";
    const waited = await waitFor((ready) => this.#watch(ready), options);
    if (waited === "ready" && "outcome" in this.#state) return this.#state.outcome;
    const { what, name } = this.#owner;
    throw new TimeoutError(`No result of ${what} ${name} after ${options.timeout} ms; it goes on`);
  }

  #watch(ready: () => void): Disposable {
    if (this.#isOver) ready();
    else this.#watchers.add(ready);
    this.#hold();
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(ready);
        this.#hold();
      },
    };
  }

  get #isOver(): boolean {
    return this.#state.kind === "lingering" || this.#state.kind === "over";
  }

  #hold(): void {
    const state = this.#state;
    if (state.kind !== "alive" && state.kind !== "lingering") return;
    const wanted = this.#watchers.size > 0 || !this.#owner.daemon || this.#dependedOn === "some";
    state.port.hold(wanted ? "ref" : "unref");
  }

  #started(verb: string): Exclude<State<P>, { kind: "new" }> {
    if (this.#state.kind !== "new") return this.#state;
    const { what, name } = this.#owner;
    throw new LifeCycleError("ERR_NOT_STARTED", `Cannot ${verb} ${what} ${name}: it has not been started`);
  }

  #ended(outcome: Outcome): void {
    if (this.#state.kind === "alive") this.#move({ ...this.#state, outcome });
  }

  #threw(error: unknown): void {
    // Later ones are of what the function left behind, and have nobody else to be told to.
    const state = this.#state;
    if (state.kind === "alive" && state.outcome.kind === "none") this.#ended({ kind: "threw", error });
    else this.#owner.lost(error);
  }

  #lingers(): void {
    if (this.#state.kind !== "alive") return;
    this.#move({ ...this.#state, kind: "lingering" });
    this.#announce(this.#state.outcome);
  }

  #exited(exit: Omit<WorkerExit, "task">, cause: unknown): void {
    const state = this.#state;
    if (state.kind === "new" || state.kind === "over") return;
    const died = state.outcome.kind === "none" && cause !== undefined;
    const error = died ? new WorkerExitedError({ ...exit, task: this.#owner.task }, { cause }) : undefined;
    const outcome: Outcome = died ? { kind: "threw", error } : state.outcome;
    this.#move({ kind: "over", port: state.port, outcome, exit });
    removeDependant(this);
    if (state.kind === "alive") this.#announce(outcome);
  }

  #announce(outcome: Outcome): void {
    const unasked = this.#wanted === "by-nobody";
    for (const ready of [...this.#watchers]) ready();
    if (unasked && outcome.kind === "threw") this.#owner.lost(outcome.error);
  }

  #noOutcome(): unknown {
    const exit = this.exit ?? { worker: this.#owner.name, id: this.port.id, exitCode: null, signal: null };
    return new WorkerExitedError({ ...exit, task: this.#owner.task });
  }

  #move(next: State<P>): void {
    const legal: readonly State<P>["kind"][] = NEXT[this.#state.kind];
    if (!legal.includes(next.kind)) illegalMove(this.#owner.what, this.#state.kind, next.kind);
    this.#state = next;
  }
}
