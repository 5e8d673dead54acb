/** Loads the packages that bring further commands, when they are installed.
 *
 *  Guarantees: what is missing is told with what to install; a broken installation is told as it is. */
import { oneLine, UsageError } from "./exit-code.js";
import { resolvePackage } from "./resolve-package.js";

/** The package beside this one, or else one that the user's project has.
 *  @param needed what cannot do without it. */
export async function loadAddOn<T>(name: string, needed: string, cwd: string): Promise<T> {
  const found = (await importIfThere<T>(name, name)) ?? (await importIfThere<T>(resolvePackage(name, cwd), name));
  if (found !== undefined) return found;
  throw new UsageError(`${needed} needs the package ${name}: npm i ${name}`);
}

async function importIfThere<T>(specifier: string | undefined, name: string): Promise<T | undefined> {
  if (specifier === undefined) return undefined;
  try {
    return (await import(specifier)) as T;
  } catch (error) {
    // Only its own absence: that of one of its dependencies is a broken installation, and told as it is.
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      if (error.message.includes(`'${name}'`)) return undefined;
    }
    throw new UsageError(`cannot load ${name}: ${oneLine(error)}`, { cause: error });
  }
}
