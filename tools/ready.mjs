/** Makes a checkout ready to run: installs from the lock file when that is needed, and builds what changed.
 *
 *  Guarantees: it needs nothing but Node and npm, so it is plain JavaScript; it writes messages to stderr only, stdout
 *  belongs to the command that follows; an interrupted install is never taken for a finished one; of two that run at
 *  once, one works and the other waits. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = [20, 19];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, "package-lock.json");
const stampFile = join(root, "node_modules", ".install-stamp");
const command = join(root, "packages", "manyhands", "dist", "cli", "main.js");

function say(text) {
  process.stderr.write(`${text}\n`);
}

function stop(text, code = 1) {
  say(text);
  process.exit(code);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  stop(`manyhands needs Node ${OLDEST_NODE.join(".")} or later; this is Node ${process.versions.node}.`, 2);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error.code === "EPERM";
  }
}

/** Waits for another `ready` of this checkout to end, then keeps others out until this process exits. */
function takeTurn() {
  // In the temporary folder: `npm ci` empties node_modules, and the checkout is not ours to litter.
  const turn = join(tmpdir(), `manyhands-ready-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`);
  for (let told = false; ; ) {
    try {
      writeFileSync(turn, String(process.pid), { flag: "wx" });
      process.on("exit", () => rmSync(turn, { force: true }));
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOf(turn);
    if (holder === undefined || !isAlive(holder)) {
      rmSync(turn, { force: true });
      continue;
    }
    if (!told) say(`Waiting for another install or build of this folder (process ${holder}) …`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function holderOf(turn) {
  try {
    const pid = Number(readFileSync(turn, "utf8"));
    // Empty for the instant between its creation and its first write: look again rather than take it over.
    return pid > 0 ? pid : process.pid;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** What an install depends on: the lock file, and the platform whose binaries it picked. */
function installHash() {
  return createHash("sha256")
    .update(readFileSync(lockFile))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
}

/** Whether npm's own record of what it put in node_modules, which it writes last, agrees with the lock file. So an
 *  `npm install` by hand is not done over. */
function installedByHand() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const there = JSON.parse(readFileSync(record, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(lockFile, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = there[path];
    if (found === undefined) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, "utf8") : undefined;
}

function isInstalled(hash) {
  return readStamp() === hash || installedByHand();
}

function run(file, args, failure) {
  // Both outputs to stderr: see the guarantees above.
  const { status, error, signal } = spawnSync(file, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && file === "npm",
  });
  if (error !== undefined) stop(`${failure}: ${error.message}`);
  if (signal !== null) stop(`${failure}: ended by ${signal}`, 130);
  if (status !== 0) stop(failure, status);
}

function install() {
  const hash = installHash();
  if (!isInstalled(hash)) {
    say("Installing what package-lock.json names …");
    rmSync(stampFile, { force: true });
    // Dev dependencies whatever NODE_ENV says: the compiler is one of them.
    const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    const npm = process.env.npm_execpath;
    // Inside an npm script, the very npm that runs it; a PATH may hold another, or none.
    if (npm?.endsWith(".js")) run(process.execPath, [npm, ...args], "npm ci failed");
    else run("npm", args, "npm ci failed");
  }
  // Only now: an install that was interrupted has no stamp.
  if (readStamp() !== hash) writeFileSync(stampFile, hash);
}

function build() {
  run(process.execPath, [join(root, "tools", "build.mjs")], "The build failed");
  if (!existsSync(command)) return;
  chmodSync(command, 0o755);
  // npm links a command only when its file is there, and at install time ours is not built yet.
  const link = join(root, "node_modules", ".bin", "manyhands");
  if (process.platform !== "win32" && !existsSync(link)) {
    rmSync(link, { force: true });
    symlinkSync(join("..", "manyhands", "dist", "cli", "main.js"), link);
  }
}

requireNode();
takeTurn();
install();
build();
