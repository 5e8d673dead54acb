/** `without-packages.js BRIDGE`: a copy of the library where nothing else is installed; prints how the bridge fails. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [, , bridge = ""] = process.argv;
const dist = fileURLToPath(new URL(".", import.meta.resolve("manyhands")));
const home = mkdtempSync(join(tmpdir(), "manyhands-alone-"));
try {
  cpSync(dist, join(home, "dist"), { recursive: true });
  cpSync(join(dist, "..", "package.json"), join(home, "package.json"));
  const room = (await import(pathToFileURL(join(home, "dist", "observe", "mod.js")).href)) as Record<
    string,
    (registry: object) => Promise<unknown>
  >;
  const failure: unknown = await room[bridge]?.({}).then(
    () => ({ code: "none" }),
    (error: unknown) => error,
  );
  const { code, package: name } = failure as { code: string; package: string };
  console.log(JSON.stringify({ code, package: name }));
} finally {
  rmSync(home, { recursive: true });
}
