/** Folders of sockets whose owner was killed.
 *
 *  Guarantees: a folder is removed only if the process it names is gone *and* nobody answers at its socket: under a shared
 *  `/tmp` the numbers of processes may be those of another container. */
import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = /^manyhands-(\d+)-\w+$/;

const SOCKET = "s";

/** How the name of a process' folder begins. */
export function folderPrefix(pid: number): string {
  return `manyhands-${pid}-`;
}

/** The socket in such a folder. The shortest name: a socket's path may have a hundred characters. */
export function socketIn(folder: string): string {
  return join(folder, SOCKET);
}

/** Removes a folder and its socket, if they are still there and may be removed.
 *
 *  Not by `rmSync`, which looks at the socket first: Node (20 at least) takes what it last looked at for what it meets next
 *  when it resolves links, and `import` would find other modules from then on. */
export function removeFolder(folder: string): void {
  tryTo(() => unlinkSync(socketIn(folder)));
  tryTo(() => rmdirSync(folder));
}

function tryTo(remove: () => void): void {
  try {
    remove();
  } catch {
    // Another user's, or another process was faster: there is nothing to be done.
  }
}

/** Removes what dead processes have left, in the background. */
export function clearLeftovers(): void {
  for (const name of list()) {
    const pid = Number(NAME.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) removeIfSilent(join(tmpdir(), name));
  }
}

/** The folders there. Not the links: anyone may make one that leads into a folder of this user's. */
function list(): readonly string[] {
  try {
    return readdirSync(tmpdir(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // Then the folder that is about to be made cannot be made either, and that is what is told.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function removeIfSilent(folder: string): void {
  const { connect } = process.getBuiltinModule("node:net");
  const socket = connect(socketIn(folder), () => socket.destroy());
  socket.unref();
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // Not when there is no socket: another container's process may be about to make it.
    if (error.code === "ECONNREFUSED") removeFolder(folder);
  });
}
