/** How both ends of a new connection show each other that they have the key, without telling it: Python's protocol.
 *
 *  The listener sends a random challenge, the client answers with its HMAC under the key; then the other way round.
 *
 *  Guarantees: digests are SHA-256 and compared in constant time; a challenge is used once; whoever fails learns no more
 *  than that. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { WaitOptions } from "../base/wait-options.js";
import { AuthenticationError } from "./connection-errors.js";

export const CHALLENGE: Buffer = Buffer.from("#CHALLENGE#");
const WELCOME = Buffer.from("#WELCOME#");
const FAILURE = Buffer.from("#FAILURE#");
/** Names the digest, in the challenge and in the answer. */
const DIGEST = Buffer.from("{sha256}");
const CHALLENGE_BYTES = 40;

/** The longest message of the handshake. */
export const LONGEST = 256;

/** What the handshake needs of a connection. */
export interface Line {
  sendBytes(bytes: Uint8Array, options: WaitOptions): Promise<void>;
  recvBytes(options: WaitOptions): Promise<Uint8Array>;
}

const answerTo = (key: Uint8Array, challenge: Uint8Array): Buffer =>
  Buffer.concat([DIGEST, createHmac("sha256", key).update(challenge).digest()]);

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** Has the other end show that it has the key.
 *  @param left the limits of the step that comes.
 *  @throws AuthenticationError when it has not. */
export async function challenge(line: Line, key: Uint8Array, left: () => WaitOptions): Promise<void> {
  const message = Buffer.concat([DIGEST, randomBytes(CHALLENGE_BYTES)]);
  await line.sendBytes(Buffer.concat([CHALLENGE, message]), left());
  const answer = await line.recvBytes(left());
  if (isSame(answer, answerTo(key, message))) return line.sendBytes(WELCOME, left());
  await line.sendBytes(FAILURE, left());
  throw new AuthenticationError("The other end has another authkey, or none");
}

/** Shows the other end that we have the key.
 *  @param left the limits of the step that comes.
 *  @throws AuthenticationError when it does not believe it. */
export async function answer(line: Line, key: Uint8Array, left: () => WaitOptions): Promise<void> {
  const message = Buffer.from(await line.recvBytes(left()));
  const question = message.subarray(CHALLENGE.length);
  // Only what this protocol asks is answered: a digest that is weak, or of anything else, might help somebody elsewhere.
  const asks = message.subarray(0, CHALLENGE.length).equals(CHALLENGE);
  if (!asks || !question.subarray(0, DIGEST.length).equals(DIGEST) || question.length < DIGEST.length + 20) {
    throw new AuthenticationError("The other end does not ask for an authkey in the way that is spoken here");
  }
  await line.sendBytes(answerTo(key, question), left());
  if (isSame(await line.recvBytes(left()), WELCOME)) return;
  throw new AuthenticationError("The other end has another authkey: it has rejected ours");
}

/** The key as bytes. */
export const keyBytes = (key: string | Uint8Array): Uint8Array => (typeof key === "string" ? Buffer.from(key) : key);
