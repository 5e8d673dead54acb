/** Pages of other origins, bodies that do not arrive, and whatever else may be sent to the dashboard's routes. */
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { dashboard } from "@manyhands/server";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { within } from "./conformance/support.js";
import { later } from "./keeping.js";
import { call, get, rawRequest, responseOf, started } from "./server-support.js";

const ALLOWED = "https://pages.example";
const PREFLIGHT = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };

const preflight = (url: string, origin: string): Promise<Response> =>
  fetch(`${url}/functions/add`, { method: "OPTIONS", headers: { origin, ...PREFLIGHT } });

test("a page of an allowed origin may ask, and read the answer", async () => {
  const { url } = await started({ allowedOrigins: [ALLOWED], token: "a token of this test" });
  const asked = await preflight(url, ALLOWED);
  expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, ALLOWED]);
  expect(asked.headers.get("access-control-allow-headers")).toContain("authorization");
  const headers = { origin: ALLOWED, authorization: "Bearer a token of this test" };
  const without = await call(url, "add", [1, 2], { headers: { origin: ALLOWED } });
  expect(without.status).toBe(401);
  expect(without.headers.get("access-control-allow-origin")).toBe(ALLOWED);
  const denied = await call(url, "add", [1, 2], { headers: { ...headers, origin: "https://other.example" } });
  expect([denied.status, denied.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  expect((await preflight(url, "https://other.example")).status).toBe(403);
});

test("OPTIONS that is no question of a browser is answered 405", async () => {
  const { url } = await started();
  expect((await get(`${url}/functions/add`, { method: "OPTIONS" })).status).toBe(405);
});

test("a body that does not arrive in time is answered 408, and its connection ends", async () => {
  const { url } = await started({ timeout: 200 });
  const asked = rawRequest(url, "/functions/add", {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": "1000" },
  });
  const closed = once(asked, "close");
  asked.write("[1,");
  const answer = await responseOf(asked);
  expect([answer.statusCode, answer.headers.connection]).toEqual([408, "close"]);
  answer.resume();
  await within(closed, "the end of the connection");
  expect((await get(`${url}/healthz`)).status).toBe(200);
});

test("nobody watches before a page comes, nor when the server has ended", async () => {
  const { server, url } = await started({ root: dashboard() });
  expect((await get(url)).status).toBe(200);
  await call(url, "add", [1, 2]);
  expect(channel("manyhands:task").hasSubscribers).toBe(false);
  const socket = new WebSocket(`${url.replace("http", "ws")}/dashboard/stream`);
  later(() => socket.terminate());
  await within(once(socket, "message"), "a snapshot");
  expect(channel("manyhands:task").hasSubscribers).toBe(true);
  await server.close();
  expect(channel("manyhands:task").hasSubscribers).toBe(false);
});

test.each([
  ["another origin", { origin: "https://evil.example" }, [], 403],
  ["another host", { headers: { host: "evil.example" } }, [], 403],
  ["no token", {}, [], 401],
  ["a wrong token", {}, ["manyhands", `token.${Buffer.from("wrong").toString("base64url")}`], 401],
])("the stream is refused to %s", async (_name, options, protocols, status) => {
  const { url } = await started({ root: dashboard(), token: "a token of this test" });
  const socket = new WebSocket(`${url.replace("http", "ws")}/dashboard/stream`, protocols, options);
  socket.on("error", () => undefined);
  const [, response] = await within(once(socket, "unexpected-response"), "a refusal");
  expect(response.statusCode).toBe(status);
  socket.terminate();
});

test("whatever is sent to the dashboard's routes is answered, and never by a failure of the server", async () => {
  const { url } = await started({ root: dashboard() });
  const paths = ["/", "/assets/x", "/dashboard/hello", "/dashboard/stream", "/dashboard/actions"].concat(
    ["trace.json", "report.html", "..%2f..%2fpackage.json"].map((name) => `/dashboard/export/${name}`),
  );
  const action = fc.record(
    {
      action: fc.oneof(fc.constantFrom("cancel", "pause", "resume", "resize", "__proto__"), fc.anything()),
      call: fc.oneof(fc.integer(), fc.double(), fc.string()),
      executor: fc.oneof(fc.integer({ min: 100_000 }), fc.string(), fc.constant(null)),
      size: fc.oneof(fc.integer(), fc.double()),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    action.map((each) => JSON.stringify(each, (_key, value) => (typeof value === "bigint" ? "1" : value))),
    fc.json(),
    fc.string(),
  );
  const methods = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
  const types = fc.constantFrom("application/json", "text/plain", "application/x-ndjson");
  const queries = fc.webQueryParameters();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      methods,
      bodies,
      types,
      queries,
      async (path, method, body, type, query) => {
        const more = method === "GET" ? {} : { body, headers: { "content-type": type } };
        const { status } = await get(`${url}${path}?${query}`, { method, ...more });
        expect(status).toBeLessThan(500);
      },
    ),
    { numRuns: 150 },
  );
  expect(await call(url, "add", [1, 2])).toMatchObject({ status: 200, body: 3 });
}, 120_000);
