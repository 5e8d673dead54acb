/** What is said over a WebSocket, as JSON objects with `type` and `id`.
 *
 *  Guarantees: what comes in is checked here, once; the rest of the server sees these unions alone. */
import { parseJson } from "./json-form.js";
import type { Problem } from "./problem.js";
import { RefusedError } from "./problem.js";

/** The client's name for a call; it must not be that of another one which has not ended. */
export type CallId = string | number;

export type FromClient =
  | { readonly type: "call"; readonly id: CallId; readonly function: string; readonly args: unknown }
  | { readonly type: "cancel"; readonly id: CallId };

export type ToClient =
  | { readonly type: "progress"; readonly id: CallId; readonly value: unknown }
  /** `value` is left out when the function gave nothing. */
  | { readonly type: "result"; readonly id: CallId; readonly value?: unknown }
  /** `id` is null when the message that is answered had none that could be read. */
  | { readonly type: "error"; readonly id: CallId | null; readonly error: Problem };

const LONGEST_ID = 200;

/** The id in a message that may be anything; null when there is none. */
export function idOf(message: unknown): CallId | null {
  const id: unknown = typeof message === "object" && message !== null ? Reflect.get(message, "id") : undefined;
  if (typeof id === "string" && id.length <= LONGEST_ID) return id;
  return typeof id === "number" && Number.isFinite(id) ? id : null;
}

/** @throws JsonFormError when it is no JSON. */
export const readMessage = (text: string): unknown => parseJson(text, "message");

/** @throws RefusedError (`ERR_BAD_REQUEST`) saying what is wrong. */
export function checkMessage(message: unknown): FromClient {
  const id = idOf(message);
  if (id === null) {
    throw new RefusedError(
      "ERR_BAD_REQUEST",
      `A message is an object with type and id: a string of at most ${LONGEST_ID} characters, or a number`,
    );
  }
  const { type, function: name, args = [] } = message as Record<string, unknown>;
  if (type === "cancel") return { type, id };
  if (type !== "call") throw new RefusedError("ERR_BAD_REQUEST", 'type must be "call" or "cancel"');
  if (typeof name !== "string") throw new RefusedError("ERR_BAD_REQUEST", "function must be the name of a function");
  return { type, id, function: name, args };
}
