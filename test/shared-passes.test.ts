/** Passes to shared objects, at the owner: two clients speak to it over sockets of their own, so what one says of a pass may
 *  arrive behind what its holder does with it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { Tally } from "#tasks/tally.js";
import type * as Given from "../packages/manyhands/dist/share/given.js";
import type { ClientMessage, OwnerMessage } from "../packages/manyhands/dist/share/messages.js";
import { encode, MessageReader } from "../packages/manyhands/dist/share/stream.js";
import { until, within } from "./conformance/support.js";
import { later } from "./keeping.js";
import { keptModule } from "./kept.js";

const { give, givenCount } = keptModule<typeof Given>("share/given.js");

type Place = ReturnType<typeof give>;

/** A client that says what the test has it say. */
class Client {
  readonly name: string;
  readonly answers: OwnerMessage[] = [];
  readonly #socket: Socket;
  #number = 0;

  constructor({ path, key }: Place, name: string) {
    this.name = name;
    this.#socket = connect(path);
    // An owner that cuts the line shows in what is missing.
    this.#socket.on("error", () => undefined);
    const reader = new MessageReader((message) => this.answers.push(message as OwnerMessage));
    this.#socket.on("data", (chunk) => reader.push(chunk));
    this.#socket.write(encode({ type: "hello", key, client: name, line: "main" }));
    later(() => this.leave());
  }

  say(message: ClientMessage): number {
    this.#socket.write(encode({ number: this.#number, message }));
    this.#number += 1;
    return this.#number - 1;
  }

  /** @returns the type of the answer to a call. */
  async answer(call: number): Promise<string> {
    await until(() => this.answers.some((each) => each.call === call), `an answer to call ${call}`);
    return this.answers.find((each) => each.call === call)?.type ?? "none";
  }

  /** The owner has acted on all that was said: it has answered a call that came last. */
  async heard(): Promise<void> {
    this.say({ type: "open", session: 0, object: -1, pass: "no such", call: 1000 + this.#number });
    await this.answer(1000 + this.#number - 1);
  }

  async leave(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await within(closed, "the end of the line");
  }
}

/** How a client names the pass that its message of that number tells of. */
const passOf = (client: string, number: number): string => `${client}/${number}`;

/** A client that uses a tally, and another that does not yet. */
async function lenderAndHolder(name: string): Promise<{ place: Place; lender: Client; holder: Client }> {
  const place = give(new Tally() as never, "once");
  const [lender, holder] = [new Client(place, `${name}-lender`), new Client(place, `${name}-holder`)];
  lender.say({ type: "open", session: 1, object: place.object, pass: place.pass, call: 1 });
  expect(await lender.answer(1)).toBe("value");
  return { place, lender, holder };
}

test("a pass is good although its holder reaches the owner before its lender does", async () => {
  const { place, lender, holder } = await lenderAndHolder("before");
  // The lender's second message will tell of the pass.
  const pass = passOf(lender.name, 1);
  holder.say({ type: "open", session: 1, object: place.object, pass, call: 1 });
  // What is asked of an object waits with its opening, what others ask does not.
  holder.say({ type: "call", session: 1, call: 2, method: "add", args: { type: "plain", value: [5] }, answer: "main" });
  await new Client(place, "before-other").heard();
  expect(holder.answers).toEqual([]);
  expect(lender.say({ type: "lend", object: place.object, pass, use: "once" })).toBe(1);
  expect([await holder.answer(1), await holder.answer(2)]).toEqual(["value", "value"]);
  // It was good for one use.
  holder.say({ type: "open", session: 2, object: place.object, pass, call: 3 });
  expect(await holder.answer(3)).toBe("error");
});

test("a holder whose lender ends without a word of the pass is refused", async () => {
  const { place, lender, holder } = await lenderAndHolder("ends");
  const pass = passOf(lender.name, 1);
  holder.say({ type: "open", session: 1, object: place.object, pass, call: 1 });
  await new Client(place, "ends-other").heard();
  await lender.leave();
  expect(await within(holder.answer(1), "the refusal")).toBe("error");
});

test("a pass that comes home before its lender has told of it does not keep the object", async () => {
  const before = givenCount();
  const { place, lender, holder } = await lenderAndHolder("home");
  const pass = passOf(lender.name, 1);
  holder.say({ type: "revoke", object: place.object, pass, use: "once" });
  await new Client(place, "home-other").heard();
  lender.say({ type: "lend", object: place.object, pass, use: "once" });
  lender.say({ type: "close", session: 1 });
  await lender.heard();
  await holder.heard();
  expect(givenCount()).toBe(before);
});
