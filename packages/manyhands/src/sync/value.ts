/** A number, or a yes or no, that tasks of all threads read and change.
 *
 *  Guarantees: it is read and written whole, never half; `add` and `compareExchange` happen at one stroke. The memory is the
 *  process' own: another process asks the one that made the value. (`Value` of `manyhands/multiprocessing` is memory of
 *  the system, which several processes map.) */
import { refuseCopies, registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import {
  type ElementCode,
  type ElementName,
  type ElementOf,
  elementName,
  elementSize,
  TypedElements,
} from "../memory/element-type.js";
import { RemoteValue, remoteValue, type ValueCore } from "./value-core.js";

const KIND = "Value";

/** What travels to a thread. */
interface ValueParcel {
  readonly type: ElementName;
  readonly memory: SharedArrayBuffer;
}

interface MadeValue<C extends ElementCode> {
  readonly type: ElementName;
  readonly core: ValueCore<C>;
  /** Its memory, when that is of this process. */
  readonly memory: SharedArrayBuffer | undefined;
}

/** One number that all tasks of all threads share that are given it.
 *
 *  `value.value += 1` reads and writes, and others may come in between: use {@link add}, or hold a {@link Lock}.
 *  @param type `"i32"`, `"f64"`, …, or a type code of Python's such as `"i"`, `"d"`
 *  @param initial @default 0, 0n or false
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an unknown type, TypeError for a value of another kind
 *  @example
 *  ```ts
 *  const served = new Value("i32");
 *  await pool.starmap(serve, requests.map((request) => [request, served] as const));   // serve(…) { …; served.add(1); }
 *  console.log(served.value);
 *  ``` */
export class Value<C extends ElementCode> {
  /** The readable name of its type. */
  readonly type: ElementName;
  readonly #core: ValueCore<C>;
  readonly #memory: SharedArrayBuffer | undefined;

  constructor(type: C, initial?: ElementOf<C>);
  /** @internal */
  constructor(made: C | MadeValue<C>, initial?: ElementOf<C>);
  constructor(made: C | MadeValue<C>, initial?: ElementOf<C>) {
    const { type, core, memory } = typeof made === "object" ? made : newValue<C>(made);
    refuseCopies(this);
    this.type = type;
    this.#core = core;
    this.#memory = memory;
    if (initial !== undefined) this.value = initial;
  }

  /** What it is now. Between processes reading parks this thread until the owner has answered.
   *  @throws OwnerGoneError (`ERR_OWNER_GONE`) when the process that made it has ended */
  get value(): ElementOf<C> {
    return this.#core.get();
  }

  set value(value: ElementOf<C>) {
    this.#core.set(value);
  }

  /** Adds at one stroke: nobody comes in between. Whole numbers wrap around.
   *  @returns what it was before
   *  @throws TypeError for a value of another kind, and for one that is true or false
   *  @example
   *  ```ts
   *  const ticket = counter.add(1);
   *  ``` */
  add(delta: ElementOf<C>): ElementOf<C> {
    return this.#core.add(delta);
  }

  /** Makes it `next` if it is `expected`, at one stroke. Floating point numbers are compared bit by bit.
   *  @returns what it was before: `expected` when it has happened
   *  @throws TypeError for a value of another kind */
  compareExchange(expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C> {
    return this.#core.compareExchange(expected, next);
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    const memory = this.#memory;
    // Whoever has brought it from another process knows the way to its owner, and tells that.
    if (memory === undefined) return { kind: KIND, toThread: () => undefined };
    return {
      kind: KIND,
      toThread: (): ValueParcel => ({ type: this.type, memory }),
      remote: remoteValue(this.type, this.#core),
    };
  }
}

function madeAt<C extends ElementCode>({ type, memory }: ValueParcel): MadeValue<C> {
  // A typed array takes shared memory as well as any other, whatever its type says.
  const elements = new TypedElements<C>(type, memory as unknown as ArrayBuffer, 1);
  const core: ValueCore<C> = {
    get: () => elements.get(0),
    set: (value) => elements.set(0, value),
    add: (delta) => elements.add(0, delta),
    compareExchange: (expected, next) => elements.compareExchange(0, expected, next),
  };
  return { type, core, memory };
}

function newValue<C extends ElementCode>(code: C): MadeValue<C> {
  const type = elementName(code);
  return madeAt({ type, memory: new SharedArrayBuffer(elementSize(type)) });
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: (parcel) => new Value(madeAt(parcel as ValueParcel)),
  fromProcess: (link, facts) => {
    const { type } = facts as { readonly type: ElementName };
    return new Value({ type, core: new RemoteValue(link), memory: undefined });
  },
});
