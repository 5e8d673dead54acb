/** Tasks that look for their context where it is hard to tell whose it is. */
import { context, EventLoopExecutor } from "manyhands";

/** What a task finds when a function inside it returns a promise for the first time: before and after its await. */
export async function orphanInside(): Promise<readonly unknown[]> {
  await using loop = new EventLoopExecutor();
  let next: (() => Promise<readonly unknown[]>) | undefined;
  const mixed = (n: number): unknown => next?.() ?? n;
  await loop.submit(mixed, 1);
  next = async () => {
    const before = context().worker.kind;
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return [before, context().worker.kind];
    } catch (error) {
      return [before, (error as { code?: string }).code];
    }
  };
  return (await loop.submit(mixed, 1)) as readonly unknown[];
}
