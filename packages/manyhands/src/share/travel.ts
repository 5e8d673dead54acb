/** Puts values that hold shared objects into parcels, and takes them out again where they arrive.
 *
 *  To a thread an object travels as its memory. To a process it travels as a pass to its owner; so does, on any way, what
 *  belongs to another process already.
 *
 *  Guarantees: a pass that travels with a call is good until the call has ended, one that travels with a result or a
 *  report until it is used; what a thread needs to use an object is loaded when the first one arrives. */
import { SerializationError } from "../base/errors.js";
import { reviverOf, SHAREABLE, type Shareable, type Travel } from "../base/shareable.js";
import type { Route } from "../wire/clonable.js";
import { ownerOf } from "../wire/owners.js";
import { type Parcel, parcel, type SharedTicket, unparcel } from "../wire/tickets.js";
import { inspectValue } from "../wire/values.js";
import { give, ownObject, type PassUse, revoke } from "./given.js";
import { present, remote } from "./remote-access.js";
import { loadReviver } from "./revivers.js";

/** Puts a value into a parcel when it holds shared objects.
 *  @param use when the passes in it end: with the first use, or when {@link discard} is called.
 *  @returns `undefined` when there is nothing shared in it.
 *  @throws SerializationError naming the part (`result.lock`) that cannot take this route, and why. */
export function pack(root: unknown, path: string, route: Route, use: PassUse): Parcel | undefined {
  return inspectValue(root, path, route).shareables === 0 ? undefined : parcelOf(root, route, use);
}

/** Puts a value that has been inspected into a parcel. */
export function parcelOf(root: unknown, route: Route, use: PassUse): Parcel {
  return parcel(root, route, (object) => ticketFor(object, route, use));
}

function ticketFor(object: Shareable, route: Route, use: PassUse): SharedTicket {
  const travel = object[SHAREABLE];
  const { kind } = travel;
  const module = reviverOf(kind)?.module;
  if (module === undefined) throw new SerializationError(kind, `Nobody has said how to make a ${kind} anew`);
  const owner = ownerOf(object);
  if (owner !== undefined) return { type: "owner", kind, module, ...owner, pass: present().lend(owner, use) };
  if (route === "thread") return memoryTicket(travel, module);
  return { type: "owner", kind, module, ...give(object, use) };
}

/** What to do when a ticket has been discarded, for objects that are counted while they are on their way. */
const losses = new WeakMap<SharedTicket, () => void>();

function memoryTicket(travel: Travel, module: string): SharedTicket {
  const memory = travel.toThread();
  const ticket: SharedTicket = { type: "memory", kind: travel.kind, module, memory };
  if (travel.lost !== undefined) losses.set(ticket, () => travel.lost?.(memory));
  return ticket;
}

/** Whoever a parcel was for is done with it, or never got it: ends the passes that did not end with their first use, and takes
 *  back what is on its way. */
export function discard({ tickets }: Parcel): void {
  for (const ticket of tickets) {
    if (ticket.type === "memory") losses.get(ticket)?.();
    else if (ownObject(ticket) === undefined) present().revoke(ticket, ticket.pass);
    else revoke(ticket.object, ticket.pass);
  }
}

/** Whether it has to be {@link discard}ed. */
export function mustBeDiscarded({ tickets }: Parcel): boolean {
  return tickets.some((ticket) => ticket.type === "owner" || losses.has(ticket));
}

/** Takes the value out of a parcel that has arrived; at once when everything for it is there already.
 *  @throws what {@link unpack} rejects with: OwnerGoneError when the owner of an object has ended or let go of it. */
export function unpack(arrived: Parcel): unknown {
  const objects = arrived.tickets.map(objectOf);
  const loading = objects.some((object) => object instanceof Promise);
  if (!loading) return unparcel(arrived, objects as object[]);
  return Promise.all(objects).then((ready) => unparcel(arrived, ready));
}

function objectOf(ticket: SharedTicket): object | Promise<object> {
  if (ticket.type === "memory") {
    const reviver = reviverOf(ticket.kind);
    return reviver === undefined ? revivedLater(ticket) : reviver.fromThread(ticket.memory);
  }
  const own = ownObject(ticket);
  if (own === undefined) return remote().then(({ redeem }) => redeem(ticket));
  // It has come home, and the pass has been used.
  revoke(ticket.object, ticket.pass, "once");
  return own;
}

async function revivedLater(ticket: Extract<SharedTicket, { type: "memory" }>): Promise<object> {
  return (await loadReviver(ticket.kind, ticket.module)).fromThread(ticket.memory);
}
