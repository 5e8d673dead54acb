/** What this thread owns and has given to other processes, and the place where it answers them.
 *
 *  An object is kept here, and so kept alive, while somebody may still come for it (there is a pass that has not ended) or
 *  uses it (a session is open). A pass ends with its first use, or when whoever made it says so: one that travels with a
 *  call must outlast a retry, and ends with the call. A pass of the first kind whose holder dies before using it keeps its
 *  object until this thread ends: nobody can tell that holder from a slow one.
 *
 *  The place is a socket in a folder that only this user may enter, and a key that only tickets tell.
 *
 *  Guarantees: when a ticket has been written, the place exists; it does not keep the program alive; the folder goes when
 *  the thread ends, and what a killed process left behind goes when the next one begins (`leftovers.ts`). */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvariantError } from "../base/errors.js";
import { type RemoteObject, SHAREABLE, type Shareable } from "../base/shareable.js";
import type { OwnedElsewhere } from "../wire/owners.js";
import { clearLeftovers, folderPrefix, removeFolder, socketIn } from "./leftovers.js";
import { remote } from "./remote-access.js";

/** When a pass ends: with its first use, or when it is revoked. */
export type PassUse = "once" | "until-revoked";

/** An object that other processes have, or are about to have. */
export class Given {
  readonly id: number;
  readonly object: Shareable;
  readonly remote: RemoteObject;
  readonly passes: Map<string, PassUse> = new Map();
  #sessions = 0;

  constructor(id: number, object: Shareable, how: RemoteObject) {
    this.id = id;
    this.object = object;
    this.remote = how;
  }

  /** Lets in whoever holds the pass. @returns whether it was good. */
  admit(pass: string): boolean {
    const use = this.passes.get(pass);
    if (use === undefined) return false;
    this.#sessions += 1;
    if (use === "once") this.passes.delete(pass);
    return true;
  }

  /** A session has been closed. */
  left(): void {
    this.#sessions -= 1;
    this.letGo();
  }

  /** Forgets the object when nobody has it or can come for it. */
  letGo(): void {
    if (this.#sessions > 0 || this.passes.size > 0) return;
    given.delete(this.id);
    this.remote.unused?.();
  }
}

const given = new Map<number, Given>();
const numbers = new WeakMap<object, number>();
let lastNumber = 0;
let lastPass = 0;
let place: { readonly path: string; readonly key: string } | undefined;

/** Makes a ticket's part of an object of this thread. */
export function give(object: Shareable, use: PassUse): OwnedElsewhere & { readonly pass: string } {
  place ??= open();
  const { id, passes, remote: how } = enter(object);
  how.given?.();
  lastPass += 1;
  const pass = String(lastPass);
  passes.set(pass, use);
  return { ...place, object: id, pass };
}

function enter(object: Shareable): Given {
  const id = numbers.get(object) ?? ++lastNumber;
  numbers.set(object, id);
  let entry = given.get(id);
  if (entry === undefined) {
    const { remote: how, kind } = object[SHAREABLE];
    if (how === undefined) throw new InvariantError(`a ${kind} cannot leave its process, and this was to be checked`);
    entry = new Given(id, object, how);
    given.set(id, entry);
  }
  return entry;
}

/** What a ticket names, when it is an object of this thread that is still kept. */
export function ownObject({ path, object }: OwnedElsewhere): Shareable | undefined {
  return path === place?.path ? given.get(object)?.object : undefined;
}

export function givenObject(id: number): Given | undefined {
  return given.get(id);
}

/** How many objects are kept for other processes. */
export function givenCount(): number {
  return given.size;
}

/** Ends a pass. @param use only if it is one of this kind. */
export function revoke(id: number, pass: string, use: PassUse = "until-revoked"): void {
  const entry = given.get(id);
  if (entry?.passes.get(pass) !== use) return;
  entry.passes.delete(pass);
  entry.letGo();
}

/** Whether this is the key to this thread's objects. */
export function isKey(key: unknown): boolean {
  return place !== undefined && key === place.key;
}

function open(): { readonly path: string; readonly key: string } {
  const { createServer } = process.getBuiltinModule("node:net");
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const key = randomBytes(24).toString("base64url");
  const path = process.platform === "win32" ? `\\\\.\\pipe\\manyhands-${randomBytes(16).toString("hex")}` : inFolder();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    // Before it is served, too: a client that goes away at once must not end the program.
    socket.on("error", () => socket.destroy());
    remote().then(
      ({ accept }) => accept(socket),
      () => socket.destroy(),
    );
  });
  // Bound when this returns: Node asks the system for a path at once, only the event comes later. `exclusive`, or in a
  // cluster's worker it would ask the primary.
  server.listen({ path, exclusive: true }).unref();
  return { path, key };
}

function inFolder(): string {
  clearLeftovers();
  // Made for this user alone.
  const folder = mkdtempSync(join(tmpdir(), folderPrefix(process.pid)));
  process.on("exit", () => removeFolder(folder));
  return socketIn(folder);
}
