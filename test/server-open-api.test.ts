/** The document at /openapi.json tells the truth: whatever is sent to its paths, what is allowed and what is not, the answer
 *  has a status, a type and a body that it names. */
import fc from "fast-check";
import { EventLoopExecutor } from "manyhands";
import { expect, test } from "vitest";
import { keep } from "./keeping.js";
import { get, rawRequest, responseOf, SERVING, started } from "./server-support.js";

type Json = Record<string, unknown>;
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Json }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Json }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes?: Json };
}

/** Served here, on this event loop: what would end a worker, or never ends, is left out. */
async function fuzzed() {
  const exports = (await import(SERVING.href)) as Json;
  const harmless = ["add", "echo", "fail", "greet", "triple", "nothing", "schemas"];
  const module = { url: SERVING.href, exports: Object.fromEntries(harmless.map((name) => [name, exports[name]])) };
  const { url } = await started({ modules: [module], executor: keep(new EventLoopExecutor()), maxPerClient: 1000 });
  return { url, document: (await get(`${url}/openapi.json`)).body as Document };
}

/** Values that a schema allows, as far as the schemas of this document need it. */
function allowedBy(schema: Json): fc.Arbitrary<unknown> {
  const {
    type,
    anyOf,
    prefixItems,
    properties,
    required = [],
    minItems,
  } = schema as {
    type?: string;
    anyOf?: Json[];
    prefixItems?: Json[];
    properties?: Record<string, Json>;
    required?: string[];
    minItems?: number;
  };
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(allowedBy));
  if (prefixItems !== undefined) {
    const whole = fc.tuple(...prefixItems.map(allowedBy));
    return minItems === undefined ? whole.chain((items) => fc.nat(items.length).map((n) => items.slice(0, n))) : whole;
  }
  if (type === "object") {
    const entries = Object.entries(properties ?? {}).map(([key, inner]) => [key, allowedBy(inner)]);
    return fc.record(Object.fromEntries(entries), { requiredKeys: required as never });
  }
  if (type === "array") return fc.array(fc.jsonValue(), { maxLength: 4 });
  if (type === "string") return fc.string({ minLength: (schema["minLength"] as number | undefined) ?? 0 });
  if (type === "integer") return fc.integer({ min: schema["minimum"] as number, max: schema["maximum"] as number });
  if (type === "number") return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (type === "boolean") return fc.boolean();
  return fc.jsonValue();
}

const TYPES = ["application/json", "application/x-ndjson", "text/plain", "application/json; charset=latin1", ""];

interface Sent {
  readonly path: string;
  readonly method: string;
  readonly type: string;
  readonly body: string;
}

/** Requests to one operation: half of them as the document says, half with something else in it. */
function requestsTo(path: string, method: string, operation: Operation): fc.Arbitrary<Sent> {
  const [wanted = "", content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const right =
    content === undefined ? fc.constant("") : allowedBy(content.schema).map((value) => JSON.stringify(value));
  const wrong = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ args: value })),
  );
  const queries = (operation.parameters ?? []).filter(({ in: place }) => place === "query");
  const query = fc.tuple(
    ...queries.map(({ name, schema }) => {
      const values = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...(schema["enum"] as string[])) }, fc.string());
      return fc.option(
        values.map((value) => `${name}=${encodeURIComponent(value)}`),
        { nil: "" },
      );
    }),
  );
  const id = fc.oneof(fc.uuid(), fc.string({ minLength: 1 }));
  return fc.record({
    path: fc
      .tuple(query, id)
      .map(([parts, job]) => `${path.replace("{id}", encodeURIComponent(job))}?${parts.filter(Boolean).join("&")}`),
    method: fc.constant(method.toUpperCase()),
    type: fc.oneof({ weight: 4, arbitrary: fc.constant(wanted) }, fc.constantFrom(...TYPES)),
    body: operation.requestBody === undefined ? fc.constant("") : fc.oneof(right, wrong),
  });
}

async function send(url: string, { path, method, type, body }: Sent) {
  const headers = { ...(type === "" ? {} : { "content-type": type }), "content-length": Buffer.byteLength(body) };
  const asked = rawRequest(url, path, { method, headers });
  asked.end(body);
  const response = await responseOf(asked);
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: String(response.statusCode), type: response.headers["content-type"] ?? "", text };
}

test("every operation answers anything with what its document names, and never fails itself", async () => {
  const { url, document } = await fuzzed();
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  expect(operations.length).toBeGreaterThan(15);
  for (const { path, method, operation } of operations) {
    const runs = operation.requestBody === undefined ? 15 : 60;
    await fc.assert(
      fc.asyncProperty(requestsTo(path, method, operation), async (sent) => {
        const { status, type, text } = await send(url, sent);
        const named = operation.responses[status];
        expect(Object.keys(operation.responses), `${method} ${sent.path}: ${text}`).toContain(status);
        const types = Object.keys(named?.content ?? {});
        if (types.length > 0) expect(types.some((each) => type.startsWith(each))).toBe(true);
        if (!type.startsWith("application/problem+json")) return;
        const problem = JSON.parse(text) as Json;
        for (const key of document.components.schemas["Problem"]!["required"] as string[]) {
          expect(problem).toHaveProperty(key);
        }
        expect(String(problem["status"])).toBe(status);
        // 5xx only when the function itself failed or gave what has no JSON form: nothing of the server's.
        if (status.startsWith("5")) expect(["ERR_TASK_FAILED", "ERR_SERIALIZATION"]).toContain(problem["code"]);
      }),
      { numRuns: runs },
    );
  }
});

test("what the document allows is taken: arguments that its schemas allow are never refused", async () => {
  const { url, document } = await fuzzed();
  for (const name of ["add", "greet"]) {
    const operation = document.paths[`/functions/${name}`]!["post"]!;
    const { schema } = operation.requestBody!.content["application/json"]!;
    const args = allowedBy(schema).filter((body) => {
      const list = Array.isArray(body) ? body : (body as { args: unknown[] }).args;
      return list.length > 0;
    });
    await fc.assert(
      fc.asyncProperty(args, async (body) => {
        const sent = {
          path: `/functions/${name}`,
          method: "POST",
          type: "application/json",
          body: JSON.stringify(body),
        };
        expect((await send(url, sent)).status).toBe("200");
      }),
      { numRuns: 60 },
    );
  }
});

test("the document says what functions take, as far as their schemas can, and whether a token is needed", async () => {
  const { document } = await fuzzed();
  expect(document.openapi).toBe("3.1.0");
  const body = document.paths["/functions/add"]?.["post"]?.requestBody?.content["application/json"]?.schema as Json;
  expect((body["anyOf"] as Json[])[1]).toMatchObject({ prefixItems: [{ type: "number" }, { type: "number" }] });
  expect(document.components.securitySchemes).toBeUndefined();
  const { url } = await started({ token: "a-long-token" });
  const headers = { authorization: "Bearer a-long-token" };
  const other = (await get(`${url}/openapi.json`, { headers })).body as Document;
  expect(other.components.securitySchemes).toEqual({ token: { type: "http", scheme: "bearer" } });
  expect(other.paths["/functions/add"]?.["post"]?.responses["401"]).toBeDefined();
});
