/** Ids that calls were given, under which their outcome can be asked for again.
 *
 *  An id belongs to a task of its own, an alias of the function: so it needs no place in the options of calls, and is there
 *  whenever the call is sent. */
import { InvalidOptionError, type Task } from "manyhands";
import { type AnyTask, type Call, PortExecutor, type WayIn } from "manyhands/engine";

const ids = new WeakMap<object, string>();

/** The URL of no module: the task of a call that is somewhere already. */
const ELSEWHERE = "manyhands-cluster:attached";

/** Gives a call its id: submitted again under this id, also by a later start of the client, it is not run again but has
 *  the outcome of the first, as long as that is kept. The executor needs a `clientId`.
 *
 *  @param id without colons; unique among the calls of the client.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an id that cannot be one.
 *  @example
 *  ```ts
 *  const total = await cluster.submit(withId("invoice-2041", charge), "2041");
 *  ``` */
export function withId<A extends unknown[], R>(id: string, fn: Task<A, R>): Task<A, R> {
  checkId(id);
  const alias = PortExecutor.aliasOf(fn as AnyTask);
  ids.set(alias, id);
  return alias as Task<A, R>;
}

export function checkId(id: unknown): asserts id is string {
  if (typeof id === "string" && id !== "" && !/[:~]/.test(id)) return;
  throw new InvalidOptionError("id", `an id is a text without : and ~, got ${JSON.stringify(id)}`);
}

/** The id that the call was given. */
export function givenId(call: Call): string | undefined {
  return ids.get(call.task);
}

/** A task whose call waits for what was submitted under `id` before. */
export function attachedTask(way: Pick<WayIn, "task">, id: string): AnyTask {
  checkId(id);
  const task = way.task({ type: "export", url: ELSEWHERE, name: id }, `attach(${JSON.stringify(id)})`);
  ids.set(task, id);
  return task;
}

/** Whether the call only waits for one that is somewhere already. */
export function isAttached({ target }: Call): boolean {
  return typeof target === "object" && target.type === "export" && target.url === ELSEWHERE;
}
