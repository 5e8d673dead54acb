/** This program's end of a pipe that a child reads from.
 *
 *  Guarantees: what is written arrives in the order of the calls, whoever waits for them; a write ends when the system has
 *  taken the last byte, so that who awaits each is never ahead of the child by more than a pipe holds. */
import type { Writable } from "node:stream";
import { BrokenPipeError, InvalidOptionError, InvalidStateError, TimeoutError } from "../base/errors.js";
import { shown } from "../base/options.js";
import { checkLimits, refuseAborted, type WaitOptions } from "../base/wait-options.js";
import type { ChildLife } from "./child-life.js";

/** What can be written: text goes out in the `encoding` of the child, or as UTF-8. */
export type Input = string | Uint8Array;

/** One call of `write`. */
interface Writing {
  outcome: "under way" | "written" | Error;
  /** Who is told when it has been written, while somebody waits for that. */
  told: (() => void) | undefined;
}

/** What a child reads. Not to be made: it is `stdin` of a {@link Popen}.
 *
 *  @example
 *  ```ts
 *  const child = new Popen(["sort"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
 *  for (const name of ["Grace", "Ada"]) await child.stdin.write(`${name}\n`);
 *  child.stdin.close();
 *  console.log(await child.stdout.readLine()); // Ada
 *  ``` */
export class InputPipe {
  readonly #stream: Writable;
  readonly #encoding: BufferEncoding;
  readonly #life: ChildLife;
  #access: "open" | "closed" = "open";

  /** @internal */
  constructor(stream: Writable, encoding: BufferEncoding | undefined, life: ChildLife) {
    this.#stream = stream;
    this.#encoding = encoding ?? "utf8";
    this.#life = life;
    // Each write tells its own failure. What communicate writes and the child does not read is nobody's failure.
    stream.on("error", () => undefined);
  }

  /** Writes, and waits until the system has taken all of it: as long as the child does not read and the pipe is full.
   *
   *  Leaving the wait early takes nothing back: what was given is on its way, in order.
   *  @param data what to write
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws BrokenPipeError (`ERR_BROKEN_PIPE`) when the child has closed its end or has ended
   *  @throws TimeoutError (`ERR_TIMEOUT`), CancelledError (`ERR_CANCELLED`)
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) after `close()` or `communicate()`
   *  @example
   *  ```ts
   *  const child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
   *  await child.stdin.write("a line\n", { timeout: 1000 });
   *  console.log(await child.stdout.readLine()); // a line
   *  ``` */
  async write(data: Input, options: WaitOptions = {}): Promise<void> {
    checkLimits(options);
    refuseAborted(options);
    const bytes = this.encoded("data", data);
    if (this.#access === "closed") throw new InvalidStateError("Cannot write to stdin: it was closed here");
    const writing = this.#begin(bytes);
    const waited = await this.#life.until((ready) => {
      writing.told = ready;
      return {
        [Symbol.dispose]: () => {
          writing.told = undefined;
        },
      };
    }, options);
    if (waited === "timed-out") {
      const limit = `within ${options.timeout} ms`;
      throw new TimeoutError(`The child has not read all of this from stdin ${limit}; it is on its way`);
    }
    if (!(writing.outcome instanceof Error)) return;
    const text = "Cannot write to stdin: the child has closed it, or has ended";
    throw new BrokenPipeError(text, { cause: writing.outcome });
  }

  /** Closes it, after all that was written: the child reads to the end. May be called again.
   *  @example
   *  ```ts
   *  const child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
   *  child.stdin.close();
   *  console.log(await child.wait()); // 0
   *  ``` */
  close(): void {
    if (this.#access === "closed") return;
    this.#access = "closed";
    this.#stream.end();
  }

  /** Writes the last there is, if there is any, and closes it. @internal */
  closeWith(data: Input | undefined): void {
    if (this.#access === "closed") {
      if (data === undefined) return;
      throw new InvalidStateError("Cannot send input: stdin was closed here");
    }
    const bytes = data === undefined ? undefined : this.encoded("input", data);
    this.#access = "closed";
    this.#stream.end(bytes);
  }

  /** Gives it up with what has not been taken yet. @internal */
  destroy(): void {
    this.#access = "closed";
    this.#stream.destroy();
  }

  // Now, not when the wait begins: a later call must not overtake this one.
  #begin(bytes: Uint8Array): Writing {
    const writing: Writing = { outcome: "under way", told: undefined };
    this.#stream.write(bytes, (error) => {
      // Of what a destroyed stream still had to write Node says that it went well.
      const lost = this.#stream.destroyed ? new Error("The pipe was closed before") : "written";
      writing.outcome = error ?? lost;
      writing.told?.();
    });
    return writing;
  }

  /** @throws InvalidOptionError when it is neither text nor bytes. @internal */
  encoded(option: string, data: unknown): Uint8Array {
    if (typeof data === "string") return Buffer.from(data, this.#encoding);
    if (data instanceof Uint8Array) return data;
    throw new InvalidOptionError(option, `${option} must be a string or a Uint8Array, got ${shown(data)}`);
  }
}
