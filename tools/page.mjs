/** Bundles the page of the dashboard into the server's package, when its sources have changed.
 *
 *  Guarantees: a checkout without the page, such as the copy that a test builds, is left alone; nothing is written when nothing
 *  has changed, since a server may be showing the page. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the bundle is made of, beside the page's own folder; the manifest tells the versions of what it imports. */
const OTHERS = ["package.json", "src/dashboard/apply.ts", "src/dashboard/protocol.ts"];

function hashOfSources(server, tool) {
  const hash = createHash("sha256").update(readFileSync(tool));
  const own = readdirSync(join(server, "page"), { recursive: true })
    .map((file) => join("page", file))
    .filter((file) => !file.startsWith(join("page", "built")) && /\.(?:css|html|json|svg|tsx?)$/.test(file));
  for (const name of [...own.sort(), ...OTHERS]) hash.update(name).update(readFileSync(join(server, name)));
  return hash.digest("hex");
}

/** @param root the workspace. */
export async function buildPage(root) {
  const server = join(root, "packages", "server");
  const page = join(server, "page");
  if (!existsSync(page)) return;
  const dist = join(server, "dist");
  const stampFile = join(dist, ".page.tsbuildinfo");
  const hash = hashOfSources(server, join(root, "tools", "page.mjs"));
  const stamp = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : "";
  if (stamp === hash && existsSync(join(dist, "page", "index.html"))) return;
  // Here and not above: it takes longer to load than all else takes when there is nothing to do.
  const { build } = await import("vite");
  await build({ root: page, configFile: join(page, "vite.config.ts"), logLevel: "warn" });
  writeFileSync(stampFile, hash);
}
