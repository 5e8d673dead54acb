/** What an owner and its clients say to each other: two closed unions.
 *
 *  A client has one line to the owner, and a second one for calls that park its thread (`bridge.ts`). Its messages are
 *  numbered over both, the owner acts on them in that order, and a number that comes twice is one message: so what the
 *  parked thread could not get out any more is sent again by the bridge. */
import type { WireError } from "../wire/errors.js";
import type { Parcel } from "../wire/tickets.js";
import type { PassUse } from "./given.js";

/** A value, with shared objects in it or without. */
export type Carried =
  | { readonly type: "plain"; readonly value: unknown }
  | { readonly type: "parcel"; readonly parcel: Parcel };

export type LineName = "main" | "bridge";

/** The first message on a line. */
export interface Hello {
  readonly type: "hello";
  readonly key: string;
  /** A random name: both lines of a client say the same. */
  readonly client: string;
  readonly line: LineName;
}

export type ClientMessage =
  /** Begins to use an object; answered by its facts. */
  | {
      readonly type: "open";
      readonly session: number;
      readonly object: number;
      readonly pass: string;
      readonly call: number;
    }
  | {
      readonly type: "call";
      readonly session: number;
      readonly call: number;
      readonly method: string;
      readonly args: Carried;
      readonly answer: LineName;
    }
  /** A call that is not answered; when it fails, the session's next call does. */
  | { readonly type: "post"; readonly session: number; readonly method: string; readonly args: Carried }
  | { readonly type: "cancel"; readonly call: number }
  | { readonly type: "close"; readonly session: number }
  /** Makes a pass for another process. The sender has a session of the object, or had when it sent this. */
  | { readonly type: "lend"; readonly object: number; readonly pass: string; readonly use: PassUse }
  | { readonly type: "revoke"; readonly object: number; readonly pass: string; readonly use: PassUse };

/** A pass that a client makes names that client and the message that tells of it: the owner may hear of the pass from its
 *  holder first. Those of owners are numbers. */
export function passOf(client: string, number: number): string {
  return `${client}/${number}`;
}

/** Who has made a pass, and with which message; `undefined` when the owner has. */
export function lenderOf(pass: string): { readonly client: string; readonly number: number } | undefined {
  const cut = pass.indexOf("/");
  return cut < 0 ? undefined : { client: pass.slice(0, cut), number: Number(pass.slice(cut + 1)) };
}

export interface Numbered {
  readonly number: number;
  readonly message: ClientMessage;
}

export type OwnerMessage =
  | { readonly type: "value"; readonly call: number; readonly value: Carried }
  | { readonly type: "error"; readonly call: number; readonly error: WireError }
  /** The call was given up before it had done anything. */
  | { readonly type: "cancelled"; readonly call: number };
