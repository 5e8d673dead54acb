/** The way to the larger part of this room, which is loaded with the first object that crosses the border of a process:
 *  threads, and processes that share nothing, need none of it. */
import type { Socket } from "node:net";
import { InvariantError } from "../base/errors.js";
import type { OwnedElsewhere } from "../wire/owners.js";
import type { SharedTicket } from "../wire/tickets.js";
import type { PassUse } from "./given.js";

/** What `remote.ts` provides. */
export interface RemoteAccess {
  /** Serves a client of this thread's objects. */
  accept(socket: Socket): void;
  /** The object that a ticket of another process stands for. */
  redeem(ticket: Extract<SharedTicket, { type: "owner" }>): Promise<object>;
  /** Makes a pass for an object that another process owns and that is used here. */
  lend(owner: OwnedElsewhere, use: PassUse): string;
  revoke(owner: OwnedElsewhere, pass: string): void;
}

// By its address: an import by name would be joined with what is always loaded, and close a circle.
const PLACE: string = new URL("../share/remote.js", import.meta.url).href;
let access: RemoteAccess | undefined;
let loading: Promise<RemoteAccess> | undefined;

export function provideRemote(provided: RemoteAccess): void {
  access = provided;
}

export function remote(): Promise<RemoteAccess> {
  loading ??= import(PLACE).then(() => present());
  return loading;
}

/** Where an object of another process is, its side of the connection has been loaded. */
export function present(): RemoteAccess {
  if (access === undefined) throw new InvariantError("share/remote.js has not been loaded");
  return access;
}
