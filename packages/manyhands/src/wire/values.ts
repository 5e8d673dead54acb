/** What travels: checks a value before it is posted, names the part that cannot go, and says how much is copied.
 *
 *  Guarantees: nothing is changed; cycles and any depth of nesting are fine; only own enumerable properties are followed, as
 *  structured clone does (a getter runs once here and once when the value is copied). A primitive needs no look at all. */
import { SerializationError } from "../base/errors.js";
import { isShareable } from "../base/shareable.js";
import { Refusal, type Route, refusePrimitive, type Shape, shapeOf } from "./clonable.js";

/** True for values that need no look at all before they are posted. */
export function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return type === "object" ? value === null : type !== "function" && type !== "symbol";
}

/** True for a list of such values. Most calls are given nothing else, so this is all the look that they get. */
export function allPrimitive(values: readonly unknown[]): boolean {
  for (let at = 0; at < values.length; at += 1) {
    if (typeof values[at] !== "number" && !isPrimitive(values[at])) return false;
  }
  return true;
}

/** What a look at a value found. */
export interface ValueReport {
  /** Bytes that are copied: buffers exactly, strings by their length; moved and shared memory does not count. */
  readonly bytes: number;
  /** Objects seen. */
  readonly objects: number;
  /** Places where something stands that is shared and not copied. */
  readonly shareables: number;
}

/** Looks at the value before it is posted.
 *  @throws SerializationError naming the part (`args[0].onClick`) that cannot take this route, and why. */
export function inspectValue(root: unknown, path: string, route: Route, moved?: ReadonlySet<object>): ValueReport {
  const survey = new Survey(route, moved);
  if (!survey.scan(root)) throw serializationError(root, path, route, moved);
  return { bytes: survey.bytes, objects: survey.objects, shareables: survey.shareables };
}

/** The path of the part that cannot take this route; `path` itself when every part seems able to. */
export function culprit(root: unknown, path: string, route: Route): string {
  return findCulprit(root, path, route)?.path ?? path;
}

/** The error that names the part of `root` that cannot take this route. */
export function serializationError(
  root: unknown,
  path: string,
  route: Route,
  moved?: ReadonlySet<object>,
): SerializationError {
  const found = findCulprit(root, path, route, moved) ?? { path, reason: "it cannot be copied", cause: undefined };
  const options = found.cause === undefined ? undefined : { cause: found.cause };
  return new SerializationError(found.path, `Cannot send ${found.path} to a ${route}: ${found.reason}`, options);
}

/** The error that names the first shared object in `root`: its owner can be reached on the owner's machine only. */
export function boundToMachine(root: unknown, path: string): SerializationError {
  const refuse = (part: object): string | undefined =>
    isShareable(part) ? "it is shared by the processes of one machine and cannot leave it" : undefined;
  const found = findCulprit(root, path, "process", undefined, refuse) ?? {
    path,
    reason: "it cannot leave this machine",
  };
  return new SerializationError(found.path, `Cannot send ${found.path} to another machine: ${found.reason}`);
}

/** One walk over a value, and over the further values of a batch: fast, and without paths. */
export class Survey {
  /** Bytes seen in this turn. */
  bytes = 0;
  /** Objects seen in this turn. */
  objects = 0;
  /** Places of this turn where a ticket will travel. */
  shareables = 0;
  /** Whether this turn met an object of an earlier turn. */
  overlaps = false;
  /** Whether this turn met only plain objects and arrays. */
  simple = true;
  readonly #route: Route;
  readonly #moved: ReadonlySet<object> | undefined;
  /** Object → turn that met it last. */
  readonly #seen = new Map<object, number>();
  readonly #open: object[] = [];
  #turn = 0;

  constructor(route: Route, moved?: ReadonlySet<object>) {
    this.#route = route;
    this.#moved = moved;
  }

  /** Begins another turn on `root`; false when some part cannot travel. */
  scan(root: unknown): boolean {
    this.#turn += 1;
    this.bytes = 0;
    this.objects = 0;
    this.shareables = 0;
    this.overlaps = false;
    this.simple = true;
    this.#open.length = 0;
    try {
      if (!this.#admit(root)) return false;
      for (let object = this.#open.pop(); object !== undefined; object = this.#open.pop()) {
        if (!this.#expand(object)) return false;
      }
      return true;
    } catch {
      // A getter threw; the walk that follows a false answer finds out which.
      return false;
    }
  }

  #admit(value: unknown): boolean {
    switch (typeof value) {
      case "string":
        this.bytes += value.length;
        return true;
      case "object":
        if (value !== null) this.#enter(value);
        return true;
      case "function":
      case "symbol":
        return false;
      default:
        return true;
    }
  }

  #enter(object: object): void {
    const turn = this.#seen.get(object);
    if (turn === this.#turn || this.#moved?.has(object) === true) return;
    if (turn !== undefined) this.overlaps = true;
    this.#seen.set(object, this.#turn);
    this.objects += 1;
    this.#open.push(object);
  }

  #expand(object: object): boolean {
    const shape = shapeOf(object, this.#route);
    if (shape === "plain") return this.#admitProperties(object);
    if (shape === "array") return this.#admitElements(object as readonly unknown[]);
    if (shape instanceof Refusal) return false;
    this.simple = false;
    switch (shape) {
      case "instance":
        return this.#admitProperties(object);
      case "shared":
        // The same memory may be in every call of a batch: that is what it is for.
        this.#seen.delete(object);
        return true;
      case "shareable":
        this.#seen.delete(object);
        this.shareables += 1;
        return true;
      case "buffer":
        this.bytes += (object as ArrayBuffer).byteLength;
        return true;
      case "view":
        return this.#admitView(object as ArrayBufferView);
      case "opaque":
        return true;
      case "map":
        return this.#admitMap(object as ReadonlyMap<unknown, unknown>);
      case "set":
        return this.#admitSet(object as ReadonlySet<unknown>);
      case "error":
        return this.#admitParts(object, shape);
    }
  }

  // Two loops that look alike, for speed: one generic over "parts" costs three times as much on small objects.
  #admitProperties(object: object): boolean {
    const record = object as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const value = record[key];
      if (typeof value === "number") continue;
      if (!this.#admit(value)) return false;
    }
    return true;
  }

  #admitElements(elements: readonly unknown[]): boolean {
    for (let i = 0; i < elements.length; i += 1) {
      const value = elements[i];
      if (typeof value === "number") continue;
      if (!this.#admit(value)) return false;
    }
    return true;
  }

  // A thread is sent the whole buffer behind a view, a process only the part in view.
  #admitView(view: ArrayBufferView): boolean {
    if (this.#route === "process") this.bytes += view.byteLength;
    else this.#enter(view.buffer);
    return true;
  }

  // By the prototypes' own methods: a subclass may iterate over something else, and V8 does not ask it.
  #admitMap(map: ReadonlyMap<unknown, unknown>): boolean {
    for (const [key, value] of Map.prototype.entries.call(map)) {
      if (!this.#admit(key) || !this.#admit(value)) return false;
    }
    return true;
  }

  #admitSet(set: ReadonlySet<unknown>): boolean {
    for (const value of Set.prototype.values.call(set)) if (!this.#admit(value)) return false;
    return true;
  }

  #admitParts(object: object, shape: Shape): boolean {
    for (const part of partsOf(object, shape)) if (!this.#admit(part.value)) return false;
    return true;
  }
}

interface Part {
  /** What to append to the path of the whole. */
  readonly step: string;
  readonly value: unknown;
}

function* partsOf(object: object, shape: Shape): Iterable<Part> {
  if (shape === "map") {
    let index = 0;
    for (const [key, value] of Map.prototype.entries.call(object)) {
      yield { step: `.keys()[${index}]`, value: key };
      yield { step: typeof key === "string" ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`, value };
      index += 1;
    }
  } else if (shape === "set") {
    let index = 0;
    for (const value of Set.prototype.values.call(object)) yield { step: `.values()[${index++}]`, value };
  } else if (shape === "error") {
    // V8 sends these and no other property of an error.
    for (const key of ["message", "stack", "cause"]) {
      if (Object.hasOwn(object, key)) yield { step: `.${key}`, value: (object as Record<string, unknown>)[key] };
    }
  } else if (shape === "view") {
    yield { step: ".buffer", value: (object as ArrayBufferView).buffer };
  } else if (shape === "plain" || shape === "instance" || shape === "array") {
    for (const key of Object.keys(object)) {
      yield { step: stepTo(key), value: (object as Record<string, unknown>)[key] };
    }
  }
}

function stepTo(key: string): string {
  if (/^(0|[1-9]\d*)$/.test(key)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The part of a value that cannot travel, and why. */
export interface Culprit {
  readonly path: string;
  readonly reason: string;
  /** What a getter threw. */
  readonly cause: unknown;
}

/** The slow walk, with paths, once it is known or feared that something cannot travel. Nearest part first.
 *  @param refuse says why a part cannot go that could take the route otherwise. */
export function findCulprit(
  root: unknown,
  path: string,
  route: Route,
  moved?: ReadonlySet<object>,
  refuse?: (part: object) => string | undefined,
): Culprit | undefined {
  const seen = new Set<unknown>();
  const queue = [{ value: root, path }];
  for (const item of queue) {
    const { value } = item;
    const refused = refusePrimitive(value);
    if (refused !== undefined) return { path: item.path, reason: refused.reason, cause: undefined };
    if (typeof value !== "object" || value === null || seen.has(value) || moved?.has(value) === true) continue;
    seen.add(value);
    const reason = refuse?.(value);
    if (reason !== undefined) return { path: item.path, reason, cause: undefined };
    const failed = expandOnto(queue, value, item.path, route);
    if (failed !== undefined) return failed;
  }
  return undefined;
}

function expandOnto(
  queue: { value: unknown; path: string }[],
  object: object,
  path: string,
  route: Route,
): Culprit | undefined {
  let next = path;
  try {
    const shape = shapeOf(object, route);
    if (shape instanceof Refusal) return { path, reason: shape.reason, cause: undefined };
    if (shape === "plain" || shape === "instance" || shape === "array") {
      for (const key of Object.keys(object)) {
        next = path + stepTo(key);
        queue.push({ value: (object as Record<string, unknown>)[key], path: next });
      }
    } else {
      for (const part of partsOf(object, shape)) queue.push({ value: part.value, path: path + part.step });
    }
    return undefined;
  } catch (error) {
    return { path: next, reason: "reading it throws", cause: error };
  }
}
