/** The laws of `Listener` and `Client`: CASES.md I, keys, back-pressure, and the ends of connections. */
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { type AddressInfo, connect, createServer, Server } from "node:net";
import { dirname, join } from "node:path";
import { CancelledError, InvalidOptionError, SerializationError, TimeoutError } from "manyhands";
import {
  type Address,
  AuthenticationError,
  BrokenPipeError,
  Client,
  type ClientOptions,
  ConnectError,
  ConnectionClosedError,
  EOFError,
  ListenError,
  Listener,
  type ListenerOptions,
  type SocketConnection,
} from "manyhands/multiprocessing";
import { describe, expect, test, vi } from "vitest";
import type { Clock } from "../packages/manyhands/dist/base/clock.js";
import { limitsLeft } from "../packages/manyhands/dist/base/wait-options.js";
import { errorOf, program, until, within } from "./conformance/support.js";
import { folder, later } from "./keeping.js";

const AUTH = { authkey: "secret" };

async function listen(options: ListenerOptions = AUTH): Promise<Listener> {
  const listener = await Listener.open(options);
  later(() => listener.close());
  return listener;
}

async function pair(
  options: ListenerOptions = AUTH,
): Promise<{ here: SocketConnection; there: SocketConnection; listener: Listener }> {
  const listener = await listen(options);
  const key: ClientOptions = options.authkey === undefined ? {} : { authkey: options.authkey };
  const [here, there] = await Promise.all([listener.accept(), Client(listener.address, key)]);
  later(() => [here, there].map((connection) => connection.close()));
  return { here, there, listener };
}

describe.each<[string, ListenerOptions]>([
  ["a Unix socket", AUTH],
  ["a port of this machine", { ...AUTH, address: { port: 0 } }],
  ["a Unix socket without a key", {}],
])("over %s", (_name, options) => {
  test("values arrive as they were sent, in order, both ways", async () => {
    const { here, there } = await pair(options);
    const values = [1, "", null, undefined, { a: [1n, new Map([["k", new Date(0)]])] }, Number.NaN];
    for (const value of values) await here.send(value);
    for (const value of values) expect(await there.recv()).toEqual(value);
    await there.send("back");
    expect(await here.recv()).toBe("back");
  });

  test("bytes keep their boundaries, and an empty message is a message", async () => {
    const { here, there } = await pair(options);
    for (const length of [0, 1, 3, 70_000]) await here.sendBytes(new Uint8Array(length).fill(length));
    const lengths = [];
    for (let n = 0; n < 4; n += 1) lengths.push((await there.recvBytes()).length);
    expect(lengths).toEqual([0, 1, 3, 70_000]);
  });

  test("a message of 16 MB comes back from a child as it was", async () => {
    const listener = await listen(options);
    const child = program(
      "listening",
      "echo",
      JSON.stringify(listener.address),
      ...(options.authkey ? ["secret"] : []),
    );
    const connection = await within(listener.accept(), "accept()", 20_000);
    const bytes = new Uint8Array(randomBytes(16 << 20));
    const [echo] = await Promise.all([connection.recvBytes(), connection.sendBytes(bytes)]);
    expect(Buffer.compare(echo, bytes)).toBe(0);
    connection.close();
    expect((await child.ended).stdout).toBe("ended ERR_EOF\n");
  });

  test("what was sent before closing arrives, then the end", async () => {
    const { here, there } = await pair(options);
    const sent = [here.send(1), here.send("x".repeat(500_000))];
    here.close();
    await Promise.allSettled(sent);
    expect(await there.recv()).toBe(1);
    expect(await there.recv()).toHaveLength(500_000);
    await errorOf(EOFError, there.recv());
    await errorOf(EOFError, there.recvBytes());
    await errorOf(BrokenPipeError, there.send(1));
  });

  test("unread messages do not reset what the other end has not read", async () => {
    const { here, there } = await pair(options);
    await there.send("never received");
    await here.send("last words");
    here.close();
    expect(await there.recv()).toBe("last words");
    await errorOf(EOFError, there.recv());
  });
});

test("the own end closed refuses everything, also what waits", async () => {
  const { here } = await pair();
  const waiting = [
    errorOf(ConnectionClosedError, here.recv()),
    errorOf(ConnectionClosedError, here.poll({ timeout: 60_000 })),
  ];
  await new Promise((resolve) => setImmediate(resolve));
  here.close();
  here.close();
  await Promise.all(waiting);
  expect(here.closed).toBe(true);
  await errorOf(ConnectionClosedError, here.send(1));
  await errorOf(ConnectionClosedError, here.sendBytes(new Uint8Array(1)));
  await errorOf(ConnectionClosedError, here.recv());
  await errorOf(ConnectionClosedError, here.poll());
});

test("poll tells whether a message is there, and takes none", async () => {
  const { here, there } = await pair();
  expect(await here.poll()).toBe(false);
  expect(await here.poll({ timeout: 1 })).toBe(false);
  const polled = here.poll({ timeout: 60_000 });
  await there.send("a");
  expect([await polled, await here.poll(), here.isReady()]).toEqual([true, true, true]);
  expect(await here.recv()).toBe("a");
  expect(await here.poll()).toBe(false);
  there.close();
  expect(await here.poll({ timeout: 60_000 })).toBe(true);
  await errorOf(EOFError, here.recv());
});

test("a connection is ready when a message is there, and waiting for it takes nothing", async () => {
  const { here, there } = await pair();
  const stop = new AbortController();
  const first = here.whenReady({ signal: stop.signal });
  const second = here.whenReady({ signal: stop.signal });
  await there.send(1);
  await Promise.all([first, second]);
  expect(await here.recv()).toBe(1);
  const given = errorOf(CancelledError, here.whenReady({ signal: stop.signal }));
  stop.abort();
  await given;
});

test("a wait for a message that times out or is cancelled loses none; waiting ones get theirs in order", async () => {
  const { here, there } = await pair();
  await errorOf(TimeoutError, here.recv({ timeout: 1 }));
  const stop = new AbortController();
  const cancelled = errorOf(CancelledError, here.recv({ signal: stop.signal }));
  const waiting = [here.recv(), here.recv()];
  stop.abort();
  await cancelled;
  for (const n of [1, 2, 3]) await there.send(n);
  expect(await Promise.all([...waiting, here.recv()])).toEqual([1, 2, 3]);
});

test("a sender has to wait for a receiver that does not receive, and no message is lost", async () => {
  const { here, there } = await pair();
  const chunk = new Uint8Array(1 << 20);
  let sent = 0;
  const stop = new AbortController();
  const sending = (async () => {
    for (; sent < 64; sent += 1) {
      chunk[0] = sent;
      await here.sendBytes(chunk, { signal: stop.signal });
    }
  })();
  await until(() => there.isReady(), "the first message should be there");
  await errorOf(TimeoutError, here.sendBytes(chunk.fill(0), { timeout: 1 }));
  expect(sent).toBeLessThan(16);
  const firsts = [];
  for (let n = 0; n < 65; n += 1) firsts.push((await there.recvBytes())[0]);
  await sending;
  expect(new Set(firsts).size).toBe(64);
});

test("what cannot travel is refused at its sender, and nothing is sent", async () => {
  const { here, there } = await pair();
  const error = await errorOf(SerializationError, here.send({ handlers: { onClick: () => 1 } }));
  expect(error.path).toContain("onClick");
  await here.send("next");
  expect(await there.recv()).toBe("next");
});

test("bytes that are no value are told from values", async () => {
  const { here, there } = await pair();
  await here.sendBytes(Buffer.from("plain"));
  await errorOf(SerializationError, there.recv());
});

describe("keys", () => {
  test("a wrong key is an AuthenticationError on both sides, and the listener goes on", async () => {
    const listener = await listen();
    const stranger = errorOf(AuthenticationError, listener.accept());
    await errorOf(AuthenticationError, Client(listener.address, { authkey: "guess" }));
    expect((await stranger).code).toBe("ERR_AUTHENTICATION");
    const [connection] = await Promise.all([listener.accept(), Client(listener.address, AUTH)]);
    expect(connection.closed).toBe(false);
  });

  test("a listener that only pretends to have the key gets no connection", async () => {
    // It lets everybody in; the client wants to be asked, and asks back.
    const listener = await listen({ authkey: "other" });
    const stranger = listener.accept().catch(() => undefined);
    await errorOf(AuthenticationError, Client(listener.address, AUTH));
    await stranger;
  });

  test("a client without a key is told that it needs one", async () => {
    const listener = await listen();
    const stranger = errorOf(AuthenticationError, listener.accept());
    const connection = await Client(listener.address);
    await errorOf(AuthenticationError, connection.recv());
    await connection.send("let me in");
    await stranger;
  });

  test("a stranger who says nothing keeps nobody waiting", async () => {
    const listener = await listen({ ...AUTH, handshakeTimeout: 60_000 });
    const silent = connect(listener.address as string);
    later(() => silent.destroy());
    await new Promise((resolve) => silent.once("data", resolve));
    const [connection] = await Promise.all([listener.accept(), Client(listener.address, AUTH)]);
    expect(connection.closed).toBe(false);
  });

  test("a stranger who takes too long is shown out", async () => {
    const listener = await listen({ ...AUTH, handshakeTimeout: 1 });
    const silent = connect(listener.address as string);
    await within(new Promise((resolve) => silent.once("close", resolve).resume()), "the connection should be closed");
  });

  test("a stranger who sends too much is shown out", async () => {
    const listener = await listen();
    const loud = connect(listener.address as string);
    loud.on("error", () => {});
    loud.write(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    await within(new Promise((resolve) => loud.once("close", resolve).resume()), "the connection should be closed");
  });

  test.each([{ authkey: "" }, { authkey: 5 as unknown as string }])("%j is refused", async (options) => {
    await errorOf(InvalidOptionError, Listener.open(options));
    await errorOf(InvalidOptionError, Client("/nowhere", options));
  });

  test("an address that others can reach needs a key", async () => {
    const error = await errorOf(InvalidOptionError, Listener.open({ address: { host: "0.0.0.0", port: 0 } }));
    expect(error.option).toBe("authkey");
  });
});

describe("a listener", () => {
  test("has a socket that only this user reaches, and takes it along", async () => {
    const listener = await listen();
    const path = listener.address as string;
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    listener.close();
    listener.close();
    expect(existsSync(dirname(path))).toBe(false);
    await errorOf(ConnectError, Client(path, AUTH));
    await errorOf(ConnectionClosedError, listener.accept());
  });

  test("that is closed ends those who wait and those whom nobody accepted, and leaves accepted connections alone", async () => {
    const { here, there, listener } = await pair();
    const unaccepted = await Client(listener.address, AUTH);
    listener.close();
    await errorOf(EOFError, unaccepted.recv());
    await here.send("still there");
    expect(await there.recv()).toBe("still there");
    const other = await listen();
    const waiting = errorOf(ConnectionClosedError, other.accept());
    other.close();
    await waiting;
  });

  test("a wait for a connection that times out or is cancelled loses none", async () => {
    const listener = await listen();
    await errorOf(TimeoutError, listener.accept({ timeout: 1 }));
    const stop = new AbortController();
    const cancelled = errorOf(CancelledError, listener.accept({ signal: stop.signal }));
    stop.abort();
    await cancelled;
    const client = await Client(listener.address, AUTH);
    const connection = await listener.accept();
    await client.send(1);
    expect(await connection.recv()).toBe(1);
  });

  test("at an address that is taken is refused", async () => {
    const path = join(folder(), "s");
    await listen({ address: path });
    expect((await errorOf(ListenError, Listener.open({ address: path }))).cause).toMatchObject({ code: "EADDRINUSE" });
  });

  test("that the system cannot give a connection tells the next who accepts, once, and goes on", async () => {
    const listening = vi.spyOn(Server.prototype, "listen");
    const listener = await listen({});
    const [server] = listening.mock.contexts as Server[];
    listening.mockRestore();
    // As Node tells of it: no descriptor is left, and the one kept in reserve for that has been taken, too.
    const cause = Object.assign(new Error("accept EMFILE"), { code: "EMFILE" });
    const waiting = errorOf(ListenError, listener.accept());
    for (let n = 0; n < 3; n += 1) server?.emit("error", cause);
    expect((await waiting).cause).toBe(cause);
    await errorOf(ListenError, listener.accept());
    const client = Client(listener.address);
    using accepted = await within(listener.accept(), "the connection");
    using connected = await client;
    await connected.send(1);
    expect(await accepted.recv()).toBe(1);
  });

  test("refuses more than may wait", async () => {
    const listener = await listen({ backlog: 1 });
    const first = await Client(listener.address);
    await first.send("first");
    const second = await Client(listener.address);
    await errorOf(EOFError, second.recv());
    const connection = await listener.accept();
    expect(await connection.recv()).toBe("first");
  });
});

test.each<[Address]>([[""], [{ port: 70_000 }], [{ port: 1.5 }], [5 as unknown as string]])(
  "address %j is refused",
  async (address) => {
    await errorOf(InvalidOptionError, Client(address));
    await errorOf(InvalidOptionError, Listener.open({ address }));
  },
);

test("connecting that takes too long, or is cancelled, fails and leaves nothing", async () => {
  // Somebody listens there and never says a word.
  const listener = await listen({});
  await errorOf(TimeoutError, Client(listener.address, { ...AUTH, timeout: 1 }));
  await errorOf(CancelledError, Client(listener.address, { ...AUTH, signal: AbortSignal.abort() }));
});

test("neither a listener nor a connection keeps a program alive by itself; a wait does", async () => {
  const listener = await listen();
  const where = JSON.stringify(listener.address);
  const idle = program("listening", "idle", where, "secret");
  await listener.accept();
  const { code, stdout, stderr } = await idle.ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "connected\n", stderr: "" });
  const waiting = program("listening", "wait", where, "secret");
  const connection = await listener.accept();
  await connection.send("it");
  expect((await waiting.ended).stdout).toBe("got it\n");
});

test("a peer that is killed is the end of the connection", async () => {
  const listener = await listen();
  const waiting = program("listening", "wait", JSON.stringify(listener.address), "secret");
  const connection = await listener.accept();
  const end = errorOf(EOFError, connection.recv());
  process.kill(waiting.pid, "SIGKILL");
  await end;
});

test("who has given up before neither sends nor takes anything", async () => {
  const { here, there, listener } = await pair();
  const gone = { signal: AbortSignal.abort() };
  await errorOf(CancelledError, there.send("never", gone));
  await there.send("first");
  await within(here.poll({ timeout: 5000 }), "the message");
  await errorOf(CancelledError, here.recv(gone));
  expect(await here.recv()).toBe("first");
  const client = await Client(listener.address, AUTH);
  later(() => client.close());
  // The listener hears of the last step of the handshake after the client has taken it.
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await errorOf(CancelledError, listener.accept(gone));
  (await within(listener.accept(), "the connection")).close();
});

test("the limit of a client is that of connecting as a whole", async () => {
  const silent = createServer().listen({ port: 0, host: "127.0.0.1" });
  later(() => silent.close());
  await within(new Promise((resolve) => silent.once("listening", resolve)), "the server");
  const { port } = silent.address() as AddressInfo;
  const error = await errorOf(TimeoutError, Client({ port }, { ...AUTH, timeout: 20 }));
  expect(error.message).toBe(`No connection to 127.0.0.1:${port} within 20 ms`);
});

test("the limits of a wait of several steps shrink from step to step, and never below nothing", () => {
  let now = 1000;
  const clock: Clock = { now: () => now, after: () => ({ [Symbol.dispose]: () => undefined }) };
  const { signal } = new AbortController();
  const left = limitsLeft({ timeout: 100, signal }, clock);
  const seen = [0, 30, 60, 60].map((step) => {
    now += step;
    return left();
  });
  expect(seen).toEqual([100, 70, 10, 0].map((timeout) => ({ timeout, signal })));
  expect(limitsLeft({}, clock)()).toEqual({});
});
