/** The smallest task there is: what is measured is the way there and back. */
export function square(n: number): number {
  return n * n;
}

// Pools that take a file instead of a function call its default export.
export default square;
