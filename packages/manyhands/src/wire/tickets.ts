/** Values with tickets in the places of what is shared and not copied.
 *
 *  A parcel holds a copy of the value, in which each shared object is replaced by its ticket, and a list of these tickets.
 *  Structured clone and V8's serialiser keep identity inside a message, so the receiver finds a ticket in its place by
 *  being that very object: nothing that a user sends can be taken for one.
 *
 *  Guarantees: the value given is not changed; an object that stands in several places has one ticket, and is one object
 *  again on the other side; values without shared objects never come here. */

import { isShareable, type Shareable } from "../base/shareable.js";
import type { Transferable } from "../futures/executor.js";
import { snapshotOf } from "./batch.js";
import { type Route, type Shape, shapeOf } from "./clonable.js";
import { setOwn } from "./portable.js";
import { transfer, transferListOf } from "./transfer.js";

/** What travels in the place of a shared object. */
export type SharedTicket =
  /** To a thread: its memory. */
  | { readonly type: "memory"; readonly kind: string; readonly module: string; readonly memory: unknown }
  /** To another process, or of one: the way to its owner, and a pass by which the owner lets the holder in. */
  | {
      readonly type: "owner";
      readonly kind: string;
      readonly module: string;
      readonly path: string;
      readonly key: string;
      readonly object: number;
      readonly pass: string;
    };

/** A value on its way. What arrives is a plain object of these properties: the message says that it is a parcel. */
export class Parcel {
  readonly value: unknown;
  readonly tickets: readonly SharedTicket[];

  constructor(value: unknown, tickets: readonly SharedTicket[]) {
    this.value = value;
    this.tickets = tickets;
  }
}

/** Whether these are the arguments of a call that were put into a parcel. */
export function isParcelled(args: readonly unknown[]): args is readonly [Parcel] {
  return args[0] instanceof Parcel;
}

/** A copy of arguments that passed the check, as the route would make it. */
export function snapshotOfArgs(args: readonly unknown[], route: Route): readonly unknown[] {
  const copy = snapshotOf(args, route) as readonly unknown[];
  if (!isParcelled(args)) return copy;
  const { value, tickets } = copy[0] as Parcel;
  return [new Parcel(value, tickets)];
}

/** Puts the value into a parcel.
 *  @param write makes the ticket of an object; called once for each. */
export function parcel(root: unknown, route: Route, write: (object: Shareable) => SharedTicket): Parcel {
  const copying = new Ticketing(route, write);
  const made = new Parcel(copying.of(root), copying.tickets);
  return copying.moving.length === 0 ? made : transfer(made, copying.moving);
}

/** Takes the value out, which is changed in its places: it is the receiver's own.
 *  @param objects what each of the parcel's tickets stands for. */
export function unparcel({ value, tickets }: Parcel, objects: readonly object[]): unknown {
  const known = new Map<unknown, object>(tickets.map((ticket, index) => [ticket, objects[index] as object]));
  return new Reviving(known).of(value);
}

const CONTAINERS: ReadonlySet<unknown> = new Set<Shape>(["plain", "instance", "array", "map", "set"]);

/** Copies the containers of a value and puts tickets into the copy. What has no parts that could be shared objects stays
 *  itself: whoever sends the parcel copies it. */
class Ticketing {
  readonly tickets: SharedTicket[] = [];
  /** What was marked as moving, which the copies are not. */
  readonly moving: Transferable[] = [];
  readonly #route: Route;
  readonly #write: (object: Shareable) => SharedTicket;
  readonly #copies = new Map<object, unknown>();
  /** Copies whose parts are still to be copied. Not by recursion: a list of a million links is a value like any other. */
  readonly #open: (() => void)[] = [];

  constructor(route: Route, write: (object: Shareable) => SharedTicket) {
    this.#route = route;
    this.#write = write;
  }

  of(root: unknown): unknown {
    const copy = this.#part(root);
    for (let fill = this.#open.pop(); fill !== undefined; fill = this.#open.pop()) fill();
    return copy;
  }

  #part(part: unknown): unknown {
    if (typeof part !== "object" || part === null) return part;
    const known = this.#copies.get(part);
    if (known !== undefined) return known;
    this.moving.push(...transferListOf(part));
    const copy = this.#object(part);
    this.#copies.set(part, copy);
    return copy;
  }

  #object(object: object): unknown {
    if (isShareable(object)) {
      const ticket = this.#write(object);
      this.tickets.push(ticket);
      return ticket;
    }
    const shape = shapeOf(object, this.#route);
    return CONTAINERS.has(shape) ? this.#container(object, shape) : object;
  }

  #container(object: object, shape: unknown): object {
    if (shape === "map") {
      const copy = new Map<unknown, unknown>();
      this.#open.push(() => {
        for (const [key, value] of Map.prototype.entries.call(object)) copy.set(this.#part(key), this.#part(value));
      });
      return copy;
    }
    if (shape === "set") {
      const copy = new Set<unknown>();
      this.#open.push(() => {
        for (const value of Set.prototype.values.call(object)) copy.add(this.#part(value));
      });
      return copy;
    }
    const copy: object = shape === "array" ? new Array((object as unknown[]).length) : {};
    this.#open.push(() => {
      for (const key of Object.keys(object)) setOwn(copy, key, this.#part(Reflect.get(object, key)));
    });
    return copy;
  }
}

/** Puts objects into the places of their tickets. */
class Reviving {
  readonly #known: ReadonlyMap<unknown, object>;
  readonly #seen = new Set<object>();
  readonly #open: object[] = [];

  constructor(known: ReadonlyMap<unknown, object>) {
    this.#known = known;
  }

  of(root: unknown): unknown {
    const revived = this.#part(root);
    for (let object = this.#open.pop(); object !== undefined; object = this.#open.pop()) this.#fill(object);
    return revived;
  }

  #part(part: unknown): unknown {
    if (typeof part !== "object" || part === null) return part;
    const object = this.#known.get(part);
    if (object !== undefined) return object;
    if (!this.#seen.has(part)) {
      this.#seen.add(part);
      this.#open.push(part);
    }
    return part;
  }

  #fill(object: object): void {
    if (object instanceof Map) {
      const entries = [...object].map(([key, value]) => [this.#part(key), this.#part(value)] as const);
      object.clear();
      for (const [key, value] of entries) object.set(key, value);
    } else if (object instanceof Set) {
      const values = [...object].map((value) => this.#part(value));
      object.clear();
      for (const value of values) object.add(value);
    } else if (Array.isArray(object) || isRecord(object)) {
      for (const [key, value] of Object.entries(object)) {
        const revived = this.#part(value);
        if (revived !== value) setOwn(object, key, revived);
      }
    }
  }
}

/** What arrives has no other prototypes than those of the language. */
function isRecord(object: object): boolean {
  return Object.getPrototypeOf(object) === Object.prototype;
}
