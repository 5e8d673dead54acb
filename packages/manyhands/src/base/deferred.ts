/** A promise with its resolvers outside: `Promise.withResolvers` for Node 20, which lacks it. */

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
  reject(reason: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] | undefined;
  let reject: Deferred<T>["reject"] | undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // The executor of a Promise runs synchronously, so both are set here; the check satisfies the compiler only.
  if (resolve === undefined || reject === undefined) throw new TypeError("Promise executor did not run");
  return { promise, resolve, reject };
}
