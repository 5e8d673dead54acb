/** The line to the server: it asks what is wanted, opens the stream, and opens it again for as long as the page lives.
 *
 *  Guarantees: one socket at a time; what a socket says that has been given up is not heard; a connection that says nothing
 *  for `SILENCE` counts as lost, since the server speaks with every tick. */
import { batch, type Signal, signal } from "@preact/signals";
import type { Hello, ToPage } from "../../../src/dashboard/protocol.js";
import { follow, type Known } from "./following.js";
import { type Link, mayBecome, pauseBefore } from "./link.js";
import { addressOf, headersFor, knownToken, protocolsFor, socketAddress } from "./place.js";
import { ServerClock } from "./server-clock.js";

const SILENCE = 10_000;

export class Connection {
  readonly link: Signal<Link> = signal({ kind: "connecting" });
  readonly known: Signal<Known | undefined> = signal(undefined);
  readonly hello: Signal<Hello | undefined> = signal(undefined);
  readonly clock: ServerClock = new ServerClock();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #resume: "behind-known" | "afresh" = "behind-known";

  /** Begins, or begins anew with another token. */
  connect(): void {
    this.#drop();
    this.#become({ kind: "connecting" });
    this.#ask().catch(() => this.#lose());
  }

  /** Tries now instead of later. */
  retryNow(): void {
    if (this.link.value.kind !== "lost") return;
    clearTimeout(this.#timer);
    this.connect();
  }

  /** What was skipped has been read. */
  caughtUp(): void {
    const { value: known } = this.known;
    if (known !== undefined) this.known.value = { ...known, skipped: 0 };
  }

  /** The hello is asked before each connection: a server that was started again may be another. */
  async #ask(): Promise<void> {
    const answer = await fetch(addressOf("dashboard/hello"), { signal: AbortSignal.timeout(SILENCE) });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    const hello: Hello = await answer.json();
    this.hello.value = hello;
    const token = knownToken();
    if (hello.token === "needed") {
      if (token === undefined) return this.#become({ kind: "locked", why: "no-token" });
      if (!(await isRight(token))) return this.#become({ kind: "locked", why: "wrong-token" });
    }
    this.#open(hello.token === "needed" ? token : undefined);
  }

  #open(token: string | undefined): void {
    const address = socketAddress("dashboard/stream");
    const { value: known } = this.known;
    if (known !== undefined && this.#resume === "behind-known") {
      address.searchParams.set("hub", known.picture.hub);
      address.searchParams.set("after", String(known.seq));
    }
    const socket = new WebSocket(address, [...protocolsFor(token)]);
    this.#socket = socket;
    let place: "first" | "later" = "first";
    this.#watchFor(SILENCE);
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket) return;
      this.#watchFor(SILENCE);
      this.#heard(JSON.parse(String(data)), place);
      place = "later";
    });
    socket.addEventListener("close", () => {
      if (this.#socket === socket) this.#lose();
    });
  }

  #heard(message: ToPage, place: "first" | "later"): void {
    const before = this.known.value;
    const step = follow(before, message, place);
    switch (step.kind) {
      case "gap":
        // Who names no message gets a snapshot. Until then what is known stays in sight.
        this.#resume = "afresh";
        return this.connect();
      case "over":
        return step.why === "run-ended" ? this.#end() : undefined;
      case "known":
        if (before?.picture.hub !== step.known.picture.hub) this.clock.reset();
        this.clock.heard(step.known.picture.at, performance.now());
        this.#attempt = 0;
        this.#resume = "behind-known";
        batch(() => {
          this.known.value = step.known;
          this.#become({ kind: "live" });
        });
    }
  }

  #lose(): void {
    this.#drop();
    if (this.link.value.kind === "over") return;
    this.#attempt += 1;
    const pause = pauseBefore(this.#attempt, Math.random());
    this.#become({ kind: "lost", attempt: this.#attempt, retryAt: Date.now() + pause });
    this.#timer = setTimeout(() => this.#ask().catch(() => this.#lose()), pause);
  }

  #end(): void {
    this.#drop();
    this.#become({ kind: "over" });
  }

  #watchFor(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), ms);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #become(link: Link): void {
    const { kind } = this.link.value;
    if (kind === link.kind && kind !== "lost") return;
    if (mayBecome(kind, link.kind)) this.link.value = link;
  }
}

/** A browser does not tell why a WebSocket was refused, so the same address is asked plainly first. */
async function isRight(token: string): Promise<boolean> {
  const headers = headersFor(token);
  const answer = await fetch(addressOf("dashboard/stream"), { headers, signal: AbortSignal.timeout(SILENCE) });
  return answer.status !== 401;
}
