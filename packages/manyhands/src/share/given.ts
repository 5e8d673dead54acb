/** What this thread owns and has given to other processes, and the place where it answers them.
 *
 *  An object is kept here, and so kept alive, while somebody may still come for it (there is a pass that has not ended) or
 *  uses it (a session is open). A pass ends with its first use, or when whoever made it says so: one that travels with a
 *  call must outlast a retry, and ends with the call. A pass of the first kind whose holder dies before using it keeps its
 *  object until this thread ends: nobody can tell that holder from a slow one. What an object counts for each holder (copies
 *  of a pipe's end) is counted for each pass, until its holder has come and has its own.
 *
 *  The place is a socket in a folder that only this user may enter, and a key that only tickets tell.
 *
 *  Guarantees: when a ticket has been written, the place exists; it does not keep the program alive; the folder goes when
 *  the thread ends, and what a killed process left behind goes when the next one begins (`leftovers.ts`). */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvariantError } from "../base/errors.js";
import { type RemoteObject, type RemoteSession, SHAREABLE, type Shareable } from "../base/shareable.js";
import type { OwnedElsewhere } from "../wire/owners.js";
import { clearLeftovers, folderPrefix, removeFolder, socketIn } from "./leftovers.js";
import { remote } from "./remote-access.js";

/** When a pass ends: with its first use, or when it is revoked. */
export type PassUse = "once" | "until-revoked";

interface Pass {
  readonly use: PassUse;
  /** Takes back what is counted for its holder; `undefined` when nothing is, or when the holder has come. */
  takeBack: (() => void) | undefined;
}

/** An object that other processes have, or are about to have. */
export class Given {
  readonly id: number;
  readonly object: Shareable;
  readonly remote: RemoteObject;
  readonly #passes = new Map<string, Pass>();
  #sessions = 0;

  constructor(id: number, object: Shareable, how: RemoteObject) {
    this.id = id;
    this.object = object;
    this.remote = how;
  }

  /** From now on whoever holds the pass may come. */
  promise(pass: string, use: PassUse): void {
    this.#passes.set(pass, { use, takeBack: this.remote.given?.() });
  }

  /** Begins a session for whoever holds the pass.
   *  @returns `undefined` when the pass is not good, or no more. */
  admit(pass: string): RemoteSession | undefined {
    const held = this.#passes.get(pass);
    if (held === undefined) return undefined;
    this.#sessions += 1;
    try {
      return this.remote.open();
    } catch (reason) {
      this.#sessions -= 1;
      throw reason;
    } finally {
      // Only now: the holder's own copy had to be counted before the one on its way could be taken back.
      this.#arrived(pass, held);
    }
  }

  /** Ends a pass. @param use only if it is one of this kind. */
  revoke(pass: string, use: PassUse): void {
    const held = this.#passes.get(pass);
    if (held?.use !== use) return;
    this.#passes.delete(pass);
    takeBack(held);
    this.letGo();
  }

  #arrived(pass: string, held: Pass): void {
    takeBack(held);
    if (held.use === "once") this.#passes.delete(pass);
    this.letGo();
  }

  /** A session has been closed. */
  left(): void {
    this.#sessions -= 1;
    this.letGo();
  }

  /** Forgets the object when nobody has it or can come for it. */
  letGo(): void {
    if (this.#sessions === 0 && this.#passes.size === 0) given.delete(this.id);
  }
}

function takeBack(pass: Pass): void {
  const { takeBack } = pass;
  pass.takeBack = undefined;
  takeBack?.();
}

const given = new Map<number, Given>();
const numbers = new WeakMap<object, number>();
let lastNumber = 0;
let lastPass = 0;
let place: { readonly path: string; readonly key: string } | undefined;

/** Makes a ticket's part of an object of this thread. */
export function give(object: Shareable, use: PassUse): OwnedElsewhere & { readonly pass: string } {
  place ??= open();
  const entry = enter(object);
  lastPass += 1;
  const pass = String(lastPass);
  entry.promise(pass, use);
  return { ...place, object: entry.id, pass };
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
  given.get(id)?.revoke(pass, use);
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
  // A client that the system could not let in, as when it is out of descriptors: its line breaks, and it is told by that.
  server.on("error", () => undefined);
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
