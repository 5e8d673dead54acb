/** What the command line of a program says: read before anything is started, and refused with one line on standard error. */

/** Reads the command line, or ends the program: exit code 2, and on standard error what is wrong and how it is meant.
 *  @param usage the program's name and its arguments
 *  @param read throws when something is wrong */
export function commandLine<T>(usage: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\nUsage: node examples/built/${usage}`);
    process.exit(2);
  }
}

/** @throws RangeError when `text` is not a whole number of at least `least`; it names the argument. */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, not "${text}"`);
}

/** @throws TypeError when `text` is not an address that can be fetched. */
export function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new TypeError(`"${text}" is no address of a page: http://… or https://…`);
}
