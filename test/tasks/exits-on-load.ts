/** A module that ends whoever loads it, for all that it exports. */
process.exit(5);
export function task(): number {
  return 1;
}
