/** What runs in a manager's process: it makes objects and keeps them.
 *
 *  Guarantees: an object is kept as long as a process has its proxy, or another object holds it. */
import { FunctionRefError } from "../base/errors.js";
import { Queue } from "../queue/queue.js";
import { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "../sync/mod.js";
import type { WireFunction } from "../wire/function-ref.js";
import { resolveFunction } from "../wire/resolve-function.js";
import { type ManagedObject, manage } from "./managed.js";
import { ManagerDict } from "./manager-dict.js";
import { ManagerList } from "./manager-list.js";
import { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
import type { Primitives } from "./manager-primitives.js";

/** What can be made without a class of the user's. */
export type BuiltIn = "dict" | "list" | "Namespace" | "Value" | "Array";

const BUILT_IN: Readonly<Record<BuiltIn, unknown>> = {
  dict: ManagerDict,
  list: ManagerList,
  Namespace: ManagerNamespace,
  Value: ManagerValue,
  Array: ManagerList,
};

const PRIMITIVES: Readonly<Record<keyof Primitives, unknown>> = {
  Lock,
  RLock,
  Semaphore,
  BoundedSemaphore,
  Condition,
  Event,
  Barrier,
  Queue,
};

/** A class or function of the user's that makes an object. */
export interface Maker {
  readonly code: WireFunction;
  readonly name: string;
  readonly exposed: readonly string[] | undefined;
}

type Constructor = new (...args: readonly unknown[]) => object;

/** The first object of a manager: it makes the others. */
export class ManagerServer {
  makeBuiltIn(kind: BuiltIn, args: readonly unknown[]): ManagedObject {
    const type = BUILT_IN[kind] as Constructor;
    return manage(new type(...args), kind);
  }

  makePrimitive(kind: keyof Primitives, args: readonly unknown[]): object {
    return new (PRIMITIVES[kind] as Constructor)(...args);
  }

  async make({ code, name, exposed }: Maker, args: readonly unknown[]): Promise<ManagedObject> {
    const maker: unknown = await resolveFunction(code);
    const target: unknown = isClass(maker)
      ? new maker(...args)
      : await (maker as (...all: readonly unknown[]) => unknown)(...args);
    if (typeof target === "object" && target !== null) return manage(target, name, exposed);
    throw new FunctionRefError(
      `${name} has made no object for the manager, but ${target === null ? "null" : typeof target}`,
    );
  }
}

function isClass(maker: unknown): maker is Constructor {
  return /^class\b/.test(Function.prototype.toString.call(maker));
}

/** Run once in the manager's process. */
export function openServer(): ManagedObject {
  return manage(new ManagerServer(), "Manager");
}
