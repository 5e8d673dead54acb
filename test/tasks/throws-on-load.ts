/** A module that cannot be loaded, for all that it exports. */
throw Object.assign(new RangeError("this module does not load"), { code: "E_LOAD" });
export function task(): number {
  return 1;
}
