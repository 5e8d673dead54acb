/** Which task is asking: what a re-entrant lock is owned by.
 *
 *  There is no name for a task in the language. What comes nearest is the context that follows a function over its `await`s
 *  (`AsyncLocalStorage`), and that is marked when a lock is acquired. A mark is shared by all that was started under it.
 *
 *  Guarantees: a mark is used for one holding only, so two tasks that once had the same do not take each other for one; a
 *  chain of marks is as long as the locks that are held are many. */
import { AsyncLocalStorage } from "node:async_hooks";

export class Owner {
  /** The marks that this one covers, as far as they still own something. */
  readonly within: Owner | undefined;
  /** `entering`: set by a call that its caller has not awaited yet. Until then the context may be that of several tasks,
   *  all started in the same line, and the mark proves nothing. */
  state: "entering" | "owning" | "done" = "owning";

  constructor(within: Owner | undefined) {
    this.within = within;
  }
}

const context = new AsyncLocalStorage<Owner>();

/** A new mark on top of those that count. */
export function newOwner(): Owner {
  let within = context.getStore();
  while (within?.state === "done") within = within.within;
  return new Owner(within);
}

/** Marks what the caller does from now on. */
export function enterSync(): Owner {
  const owner = newOwner();
  context.enterWith(owner);
  return owner;
}

/** Marks what the caller does after its next `await`. */
export function enterAwaited(): Owner {
  const owner = enterSync();
  owner.state = "entering";
  queueMicrotask(() => {
    if (owner.state === "entering") owner.state = "owning";
  });
  return owner;
}

/** Runs `fn` under the mark, which nothing else gets. */
export function runAs<R>(owner: Owner, fn: () => R): R {
  return context.run(owner, fn);
}

/** Whether the caller bears the mark. */
export function isCurrent(owner: Owner | undefined): boolean {
  if (owner?.state !== "owning") return false;
  for (let mark = context.getStore(); mark !== undefined; mark = mark.within) if (mark === owner) return true;
  return false;
}
