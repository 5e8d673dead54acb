/** Packages that only some users have. */
import { ManyhandsError } from "../base/errors.js";

/** A package is needed that does not come with manyhands and is not installed. */
export class MissingPackageError extends ManyhandsError<"ERR_MISSING_PACKAGE"> {
  /** Its name, as `npm install` takes it. */
  readonly package: string;

  constructor(name: string, what: string, options?: ErrorOptions) {
    const message = `${what} needs the package ${name}, which cannot be loaded: run npm install ${name}`;
    super("MissingPackageError", "ERR_MISSING_PACKAGE", message, options);
    this.package = name;
  }
}

/** Loads the package, so that what imports it can be loaded.
 *  @param what needs it.
 *  @throws MissingPackageError when it is not there. */
export async function needPackage(load: () => Promise<unknown>, name: string, what: string): Promise<void> {
  try {
    await load();
  } catch (cause) {
    throw new MissingPackageError(name, what, { cause });
  }
}
