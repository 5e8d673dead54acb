/** This program's end of a pipe that a child writes into.
 *
 *  Guarantees: nothing is lost or taken twice by a wait that ends early; a child that writes faster than it is read from waits,
 *  for no more is taken from the pipe than is asked for (and what Node reads ahead, 64 KB); no character is split. */
import type { Readable } from "node:stream";
import { InvalidStateError, TimeoutError } from "../base/errors.js";
import { checkLimits, refuseAborted, type WaitOptions } from "../base/wait-options.js";
import type { Backlog, Piece } from "./backlog.js";
import type { ChildLife } from "./child-life.js";

/** Who may take what comes out of it. */
type Access = "readers" | "communicate" | "nobody";

/** What a child writes, as it comes: strings when `encoding` was given, bytes otherwise. Not to be made: it is `stdout` or
 *  `stderr` of a {@link Popen}.
 *
 *  @example
 *  ```ts
 *  const child = new Popen(["seq", "1000000"], { stdout: PIPE, encoding: "utf8" });
 *  for await (const line of child.stdout.lines()) if (line.endsWith("999")) break;
 *  console.log(await child.stdout.readLine()); // 1000
 *  await child.close();
 *  ``` */
export class OutputPipe<P extends Piece> {
  readonly #name: string;
  readonly #stream: Readable;
  readonly #backlog: Backlog<P>;
  readonly #life: ChildLife;
  readonly #lookers = new Set<() => void>();
  #access: Access = "readers";

  /** @internal */
  constructor(name: string, stream: Readable, backlog: Backlog<P>, life: ChildLife) {
    this.#name = name;
    this.#stream = stream;
    this.#backlog = backlog;
    this.#life = life;
    const end = (): void => {
      this.#backlog.end();
      this.#look();
    };
    // Listening is also what keeps Node from emptying the pipe by itself when the child has ended.
    stream.on("readable", () => this.#look());
    // A pipe that breaks has nothing more to give, and the child's end tells why.
    for (const event of ["end", "error", "close"]) stream.on(event, end);
  }

  /** The next line, without its end (LF or CR LF); of what comes after the last end of a line, the rest. `undefined` when
   *  nothing more can come. A line may be of any length, and is held in memory.
   *
   *  Leaving the wait early takes nothing: the next call gets the line.
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError (`ERR_TIMEOUT`), CancelledError (`ERR_CANCELLED`)
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when it was closed, or belongs to `communicate`
   *  @example
   *  ```ts
   *  const child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
   *  await child.stdin.write("a line\n");
   *  console.log(await child.stdout.readLine({ timeout: 1000 })); // a line
   *  ``` */
  readLine(options: WaitOptions = {}): Promise<P | undefined> {
    return this.#take("a line", options, () => this.#backlog.takeLine());
  }

  /** The next piece, as the child and the system have cut it. `undefined` when nothing more can come.
   *
   *  Leaving the wait early takes nothing.
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError | CancelledError | InvalidStateError as `readLine` does
   *  @example
   *  ```ts
   *  const child = new Popen(["printf", "abc"], { stdout: PIPE });
   *  console.log(await child.stdout.read(), await child.stdout.read()); // <Buffer 61 62 63> undefined
   *  ``` */
  read(options: WaitOptions = {}): Promise<P | undefined> {
    return this.#take("anything", options, () => this.#backlog.takePiece());
  }

  /** All that comes until the child closes its end, in one piece.
   *
   *  Leaving the wait early takes nothing: what has come is kept for the next reader.
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError | CancelledError | InvalidStateError as `readLine` does
   *  @example
   *  ```ts
   *  const child = new Popen(["seq", "3"], { stdout: PIPE, encoding: "utf8" });
   *  console.log(JSON.stringify(await child.stdout.readAll())); // "1\n2\n3\n"
   *  ``` */
  async readAll(options: WaitOptions = {}): Promise<P> {
    // At the end only, or leaving early would lose what was taken.
    const all = await this.#take("the end", options, () => (this.#backlog.ended ? this.#backlog.takeAll() : undefined));
    return all ?? this.#backlog.takeAll();
  }

  /** Line by line, as `readLine` gives them, until nothing more can come. The child waits while a line is worked on, once the
   *  pipe is full. Leaving the loop takes nothing more, and closes nothing.
   *  @param options the longest wait for each line in ms, and a signal that ends it
   *  @throws TimeoutError | CancelledError | InvalidStateError as `readLine` does
   *  @example
   *  ```ts
   *  const child = new Popen(["seq", "3"], { stdout: PIPE, encoding: "utf8" });
   *  let sum = 0;
   *  for await (const line of child.stdout.lines()) sum += Number(line);
   *  console.log(sum); // 6
   *  ``` */
  async *lines(options: WaitOptions = {}): AsyncGenerator<P, void, undefined> {
    for (let line = await this.readLine(options); line !== undefined; line = await this.readLine(options)) yield line;
  }

  /** Piece by piece, as `read` gives them. As {@link OutputPipe.lines} in all else.
   *  @param options the longest wait for each piece in ms, and a signal that ends it
   *  @throws TimeoutError | CancelledError | InvalidStateError as `readLine` does
   *  @example
   *  ```ts
   *  const child = new Popen(["head", "-c", "1000000", "/dev/zero"], { stdout: PIPE });
   *  let bytes = 0;
   *  for await (const piece of child.stdout.pieces()) bytes += piece.length;
   *  console.log(bytes); // 1000000
   *  ``` */
  async *pieces(options: WaitOptions = {}): AsyncGenerator<P, void, undefined> {
    for (let piece = await this.read(options); piece !== undefined; piece = await this.read(options)) yield piece;
  }

  /** Closes this end, for good: what has not been read is gone, and a child that goes on writing is told (SIGPIPE, or its
   *  write fails). May be called again.
   *  @example
   *  ```ts
   *  const child = new Popen(["yes"], { stdout: PIPE, stderr: DEVNULL });
   *  child.stdout.close();
   *  console.log((await child.wait()) === 0); // false
   *  ``` */
  close(): void {
    this.#access = "nobody";
    this.#stream.destroy();
    this.#backlog.takeAll();
    this.#look();
  }

  /** From now on only `communicate` reads. @internal */
  reserve(): void {
    if (this.#access !== "readers") return;
    this.#access = "communicate";
    this.#look();
  }

  /** Takes all that comes into memory, and calls `look` whenever something has come or nothing more can, until the result is
   *  disposed of. @internal */
  collect(look: () => void): Disposable {
    const collectAndLook = (): void => {
      this.#pull();
      look();
    };
    this.#lookers.add(collectAndLook);
    this.#pull();
    return { [Symbol.dispose]: () => this.#lookers.delete(collectAndLook) };
  }

  /** Whether nothing more can come. @internal */
  get ended(): boolean {
    return this.#backlog.ended;
  }

  /** All that has been collected; it stays. @internal */
  get collected(): P {
    return this.#backlog.peek();
  }

  #look(): void {
    for (const look of [...this.#lookers]) look();
  }

  async #take(what: string, options: WaitOptions, take: () => P | undefined): Promise<P | undefined> {
    checkLimits(options);
    refuseAborted(options);
    this.#requireReaders();
    // Most lines have come together with others, and need no wait.
    let taken = this.#pullUntil(take);
    if (taken !== undefined || this.#backlog.ended) return taken;
    const subscribe = (ready: () => void): Disposable => {
      const look = (): void => {
        taken ??= this.#pullUntil(take);
        if (taken !== undefined || this.#backlog.ended || this.#access !== "readers") ready();
      };
      this.#lookers.add(look);
      look();
      return { [Symbol.dispose]: () => this.#lookers.delete(look) };
    };
    const waited = await this.#life.until(subscribe, options);
    if (taken !== undefined) return taken;
    this.#requireReaders();
    if (waited === "ready") return undefined;
    throw new TimeoutError(`Nothing was written to ${this.#name} that would be ${what} within ${options.timeout} ms`);
  }

  /** Reads on only when what is there is not enough: so the child waits for a slow reader. */
  #pullUntil(take: () => P | undefined): P | undefined {
    for (;;) {
      const taken = take();
      if (taken !== undefined || !this.#pull()) return taken ?? take();
    }
  }

  /** @returns whether there was anything. */
  #pull(): boolean {
    const bytes: Buffer | null = this.#stream.read();
    if (bytes !== null) this.#backlog.add(bytes);
    return bytes !== null;
  }

  #requireReaders(): void {
    if (this.#access === "readers") return;
    const why = this.#access === "nobody" ? "it was closed" : "it belongs to communicate(), which gives all of it";
    throw new InvalidStateError(`Cannot read from ${this.#name}: ${why}`);
  }
}
