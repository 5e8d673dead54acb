/** Who is let in: a table of senders, tokens and addresses. */
import { once } from "node:events";
import { serve } from "@manyhands/server";
import { InvalidOptionError, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { within } from "./conformance/support.js";
import { keep } from "./keeping.js";
import { Client, call, get, problemIn, rawRequest, responseOf, SERVING, started } from "./server-support.js";

const TOKEN = "correct-horse-battery";
const JSON_TYPE = { "content-type": "application/json" };

async function statusOf(url: string, headers: Record<string, string>, path = "/functions/add"): Promise<number> {
  const asked = rawRequest(url, path, { method: "POST", headers: { ...JSON_TYPE, ...headers } });
  asked.end("[1,2]");
  return (await responseOf(asked)).statusCode ?? 0;
}

/** The status a WebSocket is opened with; 101 when it is let in. */
async function upgradeOf(
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string> },
): Promise<number> {
  const { socket } = new Client(url, options.protocols, { headers: options.headers ?? {} });
  const opened = once(socket, "open").then(() => 101);
  const refused = once(socket, "unexpected-response").then(([, response]) => response.statusCode as number);
  // One of them never comes.
  for (const each of [opened, refused]) each.catch(() => undefined);
  return within(Promise.race([opened, refused]), "an answer to the upgrade");
}

describe("Host, on loopback", () => {
  test.each<[string, number]>([
    ["localhost", 200],
    ["LOCALHOST:80", 200],
    ["127.0.0.1:1", 200],
    ["127.0.0.2", 200],
    ["[::1]:80", 200],
    ["my-name", 200],
    ["evil.example", 403],
    ["localhost.evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["evil.example:80", 403],
    ["192.168.0.7", 403],
    ["127.0.0.1@evil.example", 403],
  ])("%s is answered %i, over HTTP and WebSocket", async (host, status) => {
    const { url } = await started({ allowedHosts: ["My-Name"] });
    expect(await statusOf(url, { host })).toBe(status);
    expect(await upgradeOf(url, { headers: { host } })).toBe(status === 200 ? 101 : status);
  });
});

describe("Origin", () => {
  test.each<[string, number]>([
    ["OWN", 200],
    ["https://friend.example", 200],
    ["https://evil.example", 403],
    ["https://friend.example.evil.example", 403],
    ["http://localhost:1", 403],
    ["null", 403],
    ["file://", 403],
    ["nonsense", 403],
  ])("%s is answered %i, over HTTP and WebSocket", async (given, status) => {
    const { url } = await started({ allowedOrigins: ["https://friend.example"] });
    const origin = given === "OWN" ? url : given;
    expect(await statusOf(url, { origin })).toBe(status);
    expect(await upgradeOf(url, { headers: { origin } })).toBe(status === 200 ? 101 : status);
  });

  test("a page cannot send a call as a simple request, which browsers let through unasked", async () => {
    const { url } = await started();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      expect(await statusOf(url, { "content-type": type })).toBe(415);
    }
  });
});

describe("the token", () => {
  test.each<[string, Record<string, string>, number]>([
    ["missing", {}, 401],
    ["wrong", { authorization: "Bearer correct-horse-batterz" }, 401],
    ["longer", { authorization: `Bearer ${TOKEN}x` }, 401],
    ["shorter", { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 401],
    ["empty", { authorization: "Bearer " }, 401],
    ["of another kind", { authorization: `Basic ${Buffer.from(TOKEN).toString("base64")}` }, 401],
    ["right", { authorization: `Bearer ${TOKEN}` }, 200],
    ["right, in another case of Bearer", { authorization: `bearer ${TOKEN}` }, 200],
  ])("%s is answered %i", async (_name, headers, status) => {
    const { url } = await started({ token: TOKEN });
    expect(await statusOf(url, headers)).toBe(status);
    expect(await upgradeOf(url, { headers })).toBe(status === 200 ? 101 : status);
  });

  test("is needed for every path but the probes, and is asked for before the path is looked at", async () => {
    const { url } = await started({ token: TOKEN });
    for (const path of ["/functions", "/functions/add", "/jobs/1", "/openapi.json", "/metrics", "/", "/nothing"]) {
      const answer = await get(url + path);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    for (const path of ["/healthz", "/readyz"]) expect((await get(url + path)).status).toBe(200);
  });

  test("may come as a WebSocket protocol, where pages cannot send headers", async () => {
    const { url } = await started({ token: TOKEN });
    const offered = (token: string): string[] => ["manyhands", `token.${Buffer.from(token).toString("base64url")}`];
    expect(await upgradeOf(url, { protocols: offered("wrong-token") })).toBe(401);
    const client = await new Client(url, offered(TOKEN)).opened();
    // Not echoed: an answer may be logged.
    expect(client.socket.protocol).toBe("manyhands");
  });
});

describe("addresses beyond this machine", () => {
  test.each(["0.0.0.0", "::", "192.168.0.7", "example.org"])("%s needs a token", async (host) => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const error = await serve({ modules: [SERVING], executor, host }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option: "host", message: expect.stringMatching(/token/) });
  });

  test("with a token, are known by any address and by their names, and not by others", async () => {
    const { url } = await started({ host: "0.0.0.0", token: TOKEN, allowedHosts: ["api.example"] });
    const local = url.replace("0.0.0.0", "127.0.0.1");
    const authorization = `Bearer ${TOKEN}`;
    for (const host of ["127.0.0.1", "10.1.2.3:80", "localhost", "api.example"]) {
      expect([host, await statusOf(local, { host, authorization })]).toEqual([host, 200]);
    }
    expect(await statusOf(local, { host: "evil.example", authorization })).toBe(403);
    expect(await statusOf(local, { host: "10.1.2.3" })).toBe(401);
  });
});

test("answers carry headers that keep browsers from using them otherwise", async () => {
  const { url } = await started();
  for (const { headers } of [
    await call(url, "add", [1, 2]),
    await get(`${url}/nothing`),
    await get(`${url}/metrics`),
  ]) {
    expect(headers.get("content-security-policy")).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  }
});

test("no answer tells a stack, a path of this machine, or what of the server failed", async () => {
  const { url } = await started();
  const answers = [
    await call(url, "fail", ["boo"]),
    await call(url, "greet", [7]),
    await call(url, "echo", "{"),
    await call(url, "nope", []),
    await get(`${url}/nothing`),
  ];
  for (const answer of answers) expect(JSON.stringify(problemIn(answer))).not.toMatch(/\.js:\d|node_modules|"stack"/);
});
