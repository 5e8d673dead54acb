/** Objects of other processes, used here; and the front of what is loaded when the first object crosses such a border.
 *
 *  Guarantees: while an object is in use here, whoever gets a ticket for it gets that very object; when it is not used any
 *  more the owner is told, and lets go of it. */
import type { RemoteLink } from "../base/shareable.js";
import { type OwnedElsewhere, rememberOwner } from "../wire/owners.js";
import type { SharedTicket } from "../wire/tickets.js";
import type { PassUse } from "./given.js";
import { lineTo, type OwnerLine } from "./owner-line.js";
import { provideRemote } from "./remote-access.js";
import { loadReviver } from "./revivers.js";
import { accept } from "./service.js";

type OwnerTicket = Extract<SharedTicket, { type: "owner" }>;

/** The use of an object by this thread. */
class Link implements RemoteLink {
  readonly #line: OwnerLine;
  readonly #session: number;

  constructor(line: OwnerLine, session: number) {
    this.#line = line;
    this.#session = session;
  }

  call(method: string, args: readonly unknown[], options: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    return this.#line.call(this, this.#session, method, args, options.signal);
  }

  post(method: string, args: readonly unknown[]): void {
    this.#line.post(this.#session, method, args);
  }

  callSync(method: string, args: readonly unknown[]): unknown {
    return this.#line.callSync(this.#session, method, args);
  }
}

/** Objects in use, and those that are being asked for. */
const inUse = new Map<string, WeakRef<object>>();
const coming = new Map<string, Promise<object>>();

/** Tells the owner when a link is not used any more. The link, not the object: a permit may outlive its lock. */
const unused = new FinalizationRegistry<{ readonly line: OwnerLine; readonly session: number; readonly name: string }>(
  ({ line, session, name }) => {
    line.tell({ type: "close", session });
    if (inUse.get(name)?.deref() === undefined) inUse.delete(name);
  },
);

function redeem(ticket: OwnerTicket): Promise<object> {
  const name = `${ticket.path}#${ticket.object}`;
  const known = inUse.get(name)?.deref() ?? coming.get(name);
  if (known !== undefined) {
    // The pass is not needed, and would keep the object.
    const { object, pass, path, key } = ticket;
    lineTo(path, key).tell({ type: "revoke", object, pass, use: "once" });
    return Promise.resolve(known);
  }
  const asked = ask(ticket, name).finally(() => coming.delete(name));
  coming.set(name, asked);
  return asked;
}

async function ask({ kind, module, path, key, object, pass }: OwnerTicket, name: string): Promise<object> {
  const line = lineTo(path, key);
  const session = line.newSession();
  const [reviver, facts] = await Promise.all([loadReviver(kind, module), line.open(session, object, pass)]);
  const link = new Link(line, session);
  const revived = reviver.fromProcess(link, facts);
  rememberOwner(revived, { path, key, object });
  inUse.set(name, new WeakRef(revived));
  unused.register(link, { line, session, name });
  return revived;
}

function lend({ path, key, object }: OwnedElsewhere, use: PassUse): string {
  return lineTo(path, key).lend(object, use);
}

function revoke({ path, key, object }: OwnedElsewhere, pass: string): void {
  lineTo(path, key).tell({ type: "revoke", object, pass, use: "until-revoked" });
}

provideRemote({ accept, redeem, lend, revoke });
