/** The owner's side of one client: its sessions, and the calls that it waits for.
 *
 *  Guarantees: messages are acted on in the order of their numbers, each once; every call is answered once; a call that was
 *  given up, or whose client is gone, sees its signal abort; when the client is gone every session is closed, and only
 *  then; an object is kept as long as it has sessions; a pass is good however the ways of two clients differ in length. */
import { InvalidStateError, OwnerGoneError } from "../base/errors.js";
import type { RemoteSession } from "../base/shareable.js";
import { isThenable } from "../base/thenable.js";
import { encodeError } from "../wire/errors.js";
import { type Given, givenObject, revoke } from "./given.js";
import { type ClientMessage, type LineName, lenderOf, type Numbered, type OwnerMessage } from "./messages.js";
import { encode, encodeCarrying, taken } from "./stream.js";

/** Where answers go. */
export interface ClientLine {
  write(frame: Buffer): void;
}

/** The clients of this thread, by name. */
export type Clients = ReadonlyMap<string, ServedClient>;

interface Session {
  readonly given: Given;
  readonly remote: RemoteSession;
  /** What a post failed with, until the next call tells it. */
  failure: { readonly reason: unknown } | undefined;
}

interface Running {
  readonly answer: LineName;
  readonly controller: AbortController;
}

type Message<Type extends ClientMessage["type"]> = Extract<ClientMessage, { readonly type: Type }>;

export class ServedClient {
  readonly #lines = new Map<LineName, ClientLine>();
  readonly #sessions = new Map<number, Session>();
  readonly #running = new Map<number, Running>();
  /** Messages that came before one of a lower number did, and those that wait for a parcel to be opened. */
  readonly #early = new Map<number, ClientMessage>();
  /** Passes that it has made and will revoke, with their objects. */
  readonly #lent = new Map<string, number>();
  readonly #clients: Clients;
  /** What others have to do once this client has been served up to a number. */
  #waiting: { readonly number: number; readonly go: () => void }[] = [];
  #next = 0;
  #state: "serving" | "opening-parcel" | "awaiting-lender" | "gone" = "serving";

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  addLine(name: LineName, line: ClientLine): void {
    this.#lines.set(name, line);
  }

  receive({ number, message }: Numbered): void {
    if (number < this.#next || this.#state === "gone") return;
    this.#early.set(number, message);
    this.#serve();
  }

  /** The client has ended. */
  gone(): void {
    this.#state = "gone";
    const reason = new OwnerGoneError("The client that asked for this has ended");
    for (const { controller } of this.#running.values()) controller.abort(reason);
    this.#running.clear();
    // Each by itself: one that fails to release what it held must not keep the others from it, nor be passed over.
    for (const session of this.#sessions.values()) queueMicrotask(() => close(session));
    this.#sessions.clear();
    // The calls that they travelled with have ended with it.
    for (const [pass, object] of this.#lent) revoke(object, pass);
    this.#release(Number.POSITIVE_INFINITY);
  }

  #serve(): void {
    while (this.#state === "serving") {
      const message = this.#early.get(this.#next);
      if (message === undefined || this.#mustWait(message)) break;
      this.#early.delete(this.#next);
      this.#next += 1;
      this.#act(message);
    }
    this.#release(this.#next);
  }

  /** A pass that another client has made may be here before that client's word of it is: its holder got it on another way.
   *  Nobody can wait for each other like this for ever, since a pass is older than whatever its holder has said of it. */
  #mustWait(message: ClientMessage): boolean {
    const lent = message.type === "open" || message.type === "revoke" ? lenderOf(message.pass) : undefined;
    const lender = lent && this.#clients.get(lent.client);
    if (lender === undefined || lent === undefined || lender.#next > lent.number) return false;
    this.#state = "awaiting-lender";
    const go = (): void => {
      if (this.#state !== "awaiting-lender") return;
      this.#state = "serving";
      this.#serve();
    };
    lender.#waiting.push({ number: lent.number, go });
    return true;
  }

  /** Lets those go on that had to wait for a message before this number. */
  #release(number: number): void {
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting.filter((each) => each.number < number);
    this.#waiting = this.#waiting.filter((each) => each.number >= number);
    for (const { go } of ready) go();
  }

  #act(message: ClientMessage): void {
    switch (message.type) {
      case "open":
        return this.#open(message);
      case "call":
      case "post":
        return this.#receiveArgs(message);
      case "cancel":
        return this.#cancel(message.call);
      case "close":
        return this.#close(message.session);
      case "lend":
        return this.#lend(message);
      case "revoke":
        this.#lent.delete(message.pass);
        return revoke(message.object, message.pass, message.use);
    }
  }

  #open({ session, object, pass, call }: Message<"open">): void {
    this.#running.set(call, { answer: "main", controller: new AbortController() });
    const given = givenObject(object);
    try {
      const remote = given?.admit(pass);
      if (given === undefined || remote === undefined) {
        throw new OwnerGoneError("The owner has let go of the object: the pass to it has ended");
      }
      this.#sessions.set(session, { given, remote, failure: undefined });
      this.#succeed(call, given.remote.facts());
    } catch (reason) {
      this.#fail(call, reason);
    }
  }

  #lend({ object, pass, use }: Message<"lend">): void {
    givenObject(object)?.promise(pass, use);
    if (use === "until-revoked") this.#lent.set(pass, object);
  }

  #close(number: number): void {
    const session = this.#sessions.get(number);
    this.#sessions.delete(number);
    if (session !== undefined) close(session);
  }

  /** What comes behind a call waits until its arguments are there: order is what a session promises. */
  #receiveArgs(message: Message<"call"> | Message<"post">): void {
    let args: unknown;
    try {
      args = taken(message.args);
    } catch (reason) {
      return this.#refuse(message, reason);
    }
    if (!(args instanceof Promise)) return this.#perform(message, args as unknown[]);
    this.#state = "opening-parcel";
    void args
      .then(
        (ready: unknown[]) => this.#perform(message, ready),
        (reason: unknown) => this.#refuse(message, reason),
      )
      .then(() => {
        if (this.#state !== "opening-parcel") return;
        this.#state = "serving";
        this.#serve();
      });
  }

  #perform(message: Message<"call"> | Message<"post">, args: readonly unknown[]): void {
    if (this.#state === "gone") return;
    const session = this.#sessions.get(message.session);
    if (session === undefined) return this.#refuse(message, new InvalidStateError("The session has been closed"));
    if (message.type === "post") return this.#post(session, message, args);
    const controller = new AbortController();
    this.#running.set(message.call, { answer: message.answer, controller });
    const { failure } = session;
    session.failure = undefined;
    if (failure !== undefined) return this.#fail(message.call, failure.reason);
    this.#settle(
      () => session.remote.call(message.method, args, controller.signal),
      (value) => this.#succeed(message.call, value),
      (reason) => this.#fail(message.call, reason),
    );
  }

  #post(session: Session, { method }: Message<"post">, args: readonly unknown[]): void {
    this.#settle(
      () => session.remote.call(method, args, new AbortController().signal),
      () => undefined,
      (reason) => {
        session.failure ??= { reason };
      },
    );
  }

  #settle(run: () => unknown, succeed: (value: unknown) => void, fail: (reason: unknown) => void): void {
    try {
      const value = run();
      if (isThenable(value)) Promise.resolve(value).then(succeed, fail);
      else succeed(value);
    } catch (reason) {
      fail(reason);
    }
  }

  #refuse(message: Message<"call"> | Message<"post">, reason: unknown): void {
    if (message.type === "call") {
      this.#running.set(message.call, { answer: message.answer, controller: new AbortController() });
      return this.#fail(message.call, reason);
    }
    const session = this.#sessions.get(message.session);
    if (session !== undefined) session.failure ??= { reason };
  }

  /** An operation takes nothing any more once its signal has aborted. So what it has taken before shows within this turn, and
   *  otherwise the answer need not wait for an operation that does not look at its signal. */
  #cancel(call: number): void {
    const running = this.#running.get(call);
    if (running === undefined) return;
    running.controller.abort();
    setImmediate(() => this.#cancelled(call));
  }

  #succeed(call: number, value: unknown): void {
    this.#answer(call, () =>
      encodeCarrying(value, "result", "once", (it) => ({ type: "value", call, value: it }) satisfies OwnerMessage),
    );
  }

  #fail(call: number, reason: unknown): void {
    // However an operation words that it was given up: the client knows why.
    if (this.#running.get(call)?.controller.signal.aborted === true) return this.#cancelled(call);
    this.#answer(call, () => encode({ type: "error", call, error: encodeError(reason) } satisfies OwnerMessage));
  }

  #cancelled(call: number): void {
    this.#answer(call, () => encode({ type: "cancelled", call } satisfies OwnerMessage));
  }

  #answer(call: number, frame: () => Buffer): void {
    const running = this.#running.get(call);
    if (running === undefined) return;
    let bytes: Buffer;
    try {
      bytes = frame();
    } catch (reason) {
      // The result cannot travel; that it cannot always can.
      return this.#fail(call, reason);
    }
    this.#running.delete(call);
    this.#lines.get(running.answer)?.write(bytes);
  }
}

function close({ remote, given }: Session): void {
  try {
    remote.close();
  } finally {
    given.left();
  }
}
