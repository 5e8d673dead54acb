/** A promise with its other end outside: `Promise.withResolvers`, which Node 20 has not. */
export interface Signal<T> {
  readonly promise: Promise<T>;
  give(value: T): void;
}

export function signal<T>(): Signal<T> {
  let give: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    give = resolve;
  });
  return { promise, give };
}
