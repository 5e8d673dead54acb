/** `communicate`: all input into a child and all output out of it, at once, until it has ended.
 *
 *  It can be asked for as often as one likes: the exchange is one, begun by the first call, and a call is only a wait for its
 *  end. So a time-out loses nothing, of the input neither: what was given goes on its way whoever waits.
 *
 *  Guarantees: it cannot deadlock, for input and both outputs move on at the same time; a child that does not read its input is
 *  no failure; output is taken in only while somebody waits, so that a child whose output nobody wants fills its pipe and not
 *  our memory. */
import type { WaitOptions } from "../base/wait-options.js";
import type { Piece } from "./backlog.js";
import type { ChildLife } from "./child-life.js";
import type { OutputPipe } from "./output-pipe.js";

/** What a child wrote. */
export interface Communicated<P> {
  /** `undefined` when it is no `PIPE`. */
  readonly stdout: P | undefined;
  /** `undefined` when it is no `PIPE`. */
  readonly stderr: P | undefined;
}

export class Exchange<P extends Piece> {
  readonly #life: ChildLife;
  readonly #stdout: OutputPipe<P> | undefined;
  readonly #stderr: OutputPipe<P> | undefined;

  constructor(life: ChildLife, stdout: OutputPipe<P> | undefined, stderr: OutputPipe<P> | undefined) {
    this.#life = life;
    this.#stdout = stdout;
    this.#stderr = stderr;
    for (const pipe of this.#pipes) pipe.reserve();
  }

  /** What has come so far. */
  get collected(): Communicated<P> {
    return { stdout: this.#stdout?.collected, stderr: this.#stderr?.collected };
  }

  /** Until the child has ended and nothing more can come from it. */
  finished(options: WaitOptions): Promise<"ready" | "timed-out"> {
    return this.#life.until((ready) => {
      const look = (): void => {
        if (!this.#life.isRunning && this.#pipes.every((pipe) => pipe.ended)) ready();
      };
      const watched = [...this.#pipes.map((pipe) => pipe.collect(look)), this.#life.whenEnded(look)];
      look();
      return {
        [Symbol.dispose]: () => {
          for (const each of watched) each[Symbol.dispose]();
        },
      };
    }, options);
  }

  get #pipes(): readonly OutputPipe<P>[] {
    return [this.#stdout, this.#stderr].filter((pipe) => pipe !== undefined);
  }
}
