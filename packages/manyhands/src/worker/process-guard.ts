/** Ends children that outlive this thread because they are too busy to notice that their pipe has closed.
 *
 *  A child that never yields cannot see that its parent is gone, and a parent that was killed cannot tell anybody. So somebody
 *  else holds the other end of one more pipe: a shell that reads which children live, and kills what is left when that pipe
 *  closes. It is started with the first child, waits without working, and ends with this thread; when somebody kills it,
 *  another takes its place. The executors' workers and
 *  the children of `Process` have one each, since the build gives this file to both.
 *
 *  Guarantees: children that notice get their time to clean up before; no process is killed that has merely inherited the
 *  pid of one (where the system tells since when a process runs). Where there is no shell, busy children end when they
 *  first yield; on Windows the system itself ends children with their parent. */
import type { ChildProcess } from "node:child_process";

// Ctrl-C and the like reach the whole group, and this is one who must stay. The wait is longer than PARTING of parent.ts.
const SCRIPT = `
trap '' INT TERM HUP QUIT
since() {
  [ -r "/proc/$1/stat" ] && read -r stat < "/proc/$1/stat" && set -- \${stat##*) } && shift 19 && echo "$1"
}
alive=
while read -r what pid; do
  if [ "$what" = began ]; then alive="$alive $pid:$(since "$pid")"; continue; fi
  left=
  for each in $alive; do [ "\${each%:*}" = "$pid" ] || left="$left $each"; done
  alive=$left
done
[ -n "$alive" ] || exit 0
sleep 2
for each in $alive; do [ "$(since "\${each%:*}")" = "\${each#*:}" ] && kill -KILL "\${each%:*}"; done
`;

let guard: ChildProcess | undefined;
const alive = new Set<number>();

/** A child lives. */
export function guardChild(pid: number): void {
  alive.add(pid);
  if (guard === undefined) startGuard();
  else tell("began", pid);
}

/** It has ended, and its pid may become another's. */
export function releaseChild(pid: number): void {
  alive.delete(pid);
  tell("ended", pid);
}

function tell(what: "began" | "ended", pid: number): void {
  guard?.stdin?.write(`${what} ${pid}\n`);
}

/** Starts the shell, and tells it of all children. */
function startGuard(): void {
  if (process.platform === "win32") return;
  const { spawn } = process.getBuiltinModule("node:child_process");
  const shell: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT], {
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  });
  guard = shell;
  const lose = (): void => {
    if (guard === shell) guard = undefined;
  };
  shell.on("error", lose);
  shell.on("exit", (_code, signal) => {
    lose();
    // Only when it was killed: one that ends by itself would do so again, and is tried anew with the next child.
    if (signal !== null && guard === undefined && alive.size > 0) startGuard();
  });
  // Missing when the system had no pipes to give; the error tells.
  shell.stdin?.on("error", () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref(): void } | null | undefined)?.unref();
  for (const pid of alive) tell("began", pid);
}
