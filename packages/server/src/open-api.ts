/** `GET /openapi.json`: what can be asked here, as OpenAPI 3.1.
 *
 *  Guarantees: every status that a route answers with is in its `responses`; the test of the server sends what this document
 *  allows, and much that it does not, and takes it at its word. */
import type { Catalogue, ServedFunction } from "./catalogue.js";
import { FAILURES, REFUSALS } from "./problem.js";
import type { StandardSchema } from "./schema.js";
import { isStandardSchema, jsonSchemaOf } from "./schema.js";

type Json = Readonly<Record<string, unknown>>;

const PROBLEM = { $ref: "#/components/schemas/Problem" };
const JOB = { $ref: "#/components/schemas/Job" };

/** What can be wrong with any request. */
const ALWAYS = [400, 403];
const CALLING = [...ALWAYS, 408, 413, 415, 429, 500, 503, 504];

/** The document. @param token whether callers need one. */
export function openApiOf(catalogue: Catalogue, token: "needed" | "none"): Json {
  const always = token === "needed" ? [401] : [];
  const functions = [...catalogue.values()].flatMap((served) => functionPaths(served, always));
  return {
    openapi: "3.1.0",
    info: {
      title: "manyhands",
      version: "1",
      description:
        'Functions run by a pool of workers. What JSON cannot say has a form with $: { "$bigint": "123" }. Over the WebSocket /ws: { "type": "call", "id", "function", "args" } is answered by progress and then result or error with that id; { "type": "cancel", "id" } stops it.',
    },
    paths: { ...Object.fromEntries(functions), ...jobPaths(always), ...serverPaths(always) },
    components: {
      schemas: { Problem: problemSchema(), Job: jobSchema() },
      ...(token === "needed" ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
    ...(token === "needed" ? { security: [{ token: [] }] } : {}),
  };
}

function functionPaths(served: ServedFunction, always: readonly number[]): [path: string, item: Json][] {
  const { name, schemas } = served;
  const path = `/functions/${encodeURIComponent(name)}`;
  const args = argsSchema(schemas.args);
  const result = schemas.result === undefined ? {} : jsonSchemaOf(schemas.result, "output");
  const call = {
    operationId: `call_${name}`,
    summary: `Calls ${name}`,
    parameters: [query("mode", { enum: ["sync", "async"], default: "sync" })],
    requestBody: content("application/json", {
      anyOf: [{ type: "object", properties: { args }, required: ["args"] }, args],
    }),
    responses: {
      200: { description: "The result", ...content("application/json", result) },
      202: { description: "The job (mode=async)", ...content("application/json", JOB) },
      204: { description: "The function gave undefined" },
      ...problems([...always, ...CALLING]),
    },
  };
  const map = {
    operationId: `map_${name}`,
    summary: `Calls ${name} for each line`,
    parameters: [
      query("ordered", { enum: ["true", "false"], default: "true" }),
      query("spread", { enum: ["true", "false"], default: "false" }),
    ],
    requestBody: content("application/x-ndjson", { type: "string" }),
    responses: {
      200: { description: "A line for each line", ...content("application/x-ndjson", { type: "string" }) },
      ...problems([...always, ...ALWAYS, 415, 429, 500, 503]),
    },
  };
  return [
    [path, { post: call }],
    [`${path}/map`, { post: map }],
  ];
}

function argsSchema(schemas: StandardSchema | readonly StandardSchema[] | undefined): Json {
  if (schemas === undefined) return { type: "array" };
  if (isStandardSchema(schemas)) return { type: "array", ...jsonSchemaOf(schemas, "input") };
  const items = schemas.map((schema) => jsonSchemaOf(schema, "input"));
  return { type: "array", prefixItems: items, items: false, maxItems: items.length };
}

function jobPaths(always: readonly number[]): Json {
  const parameters = [{ name: "id", in: "path", required: true, schema: { type: "string" } }];
  const missing = problems([...always, ...ALWAYS, 404, 500]);
  const job = { 200: { description: "The job", ...content("application/json", JOB) }, ...missing };
  // It may come with a body, which is read and not looked at.
  const stopped = { ...job, ...problems([408, 413, 415]) };
  const events = { 200: { description: "Events", ...content("text/event-stream", { type: "string" }) }, ...missing };
  return {
    "/jobs/{id}": {
      get: { operationId: "getJob", parameters, responses: job },
      delete: { operationId: "cancelJob", summary: "Stops the work", parameters, responses: stopped },
    },
    "/jobs/{id}/events": { get: { operationId: "followJob", parameters, responses: events } },
  };
}

function serverPaths(always: readonly number[]): Json {
  const get = (operationId: string, type: string, statuses: readonly number[] = []): Json => ({
    get: {
      operationId,
      responses: {
        200: { description: "OK", ...content(type, {}) },
        ...problems([...always, ...ALWAYS, 500, ...statuses]),
      },
    },
  });
  return {
    "/functions": get("listFunctions", "application/json"),
    "/openapi.json": get("getDocument", "application/json"),
    "/metrics": get("getMetrics", "text/plain"),
    "/healthz": get("isAlive", "application/json"),
    "/readyz": get("isReady", "application/json", [503]),
  };
}

const query = (name: string, schema: Json): Json => ({ name, in: "query", schema });

const content = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });

function problems(statuses: readonly number[]): Json {
  const titles = [...Object.values(REFUSALS), ...Object.values(FAILURES)] as readonly (readonly [number, string])[];
  const entries = [...new Set(statuses)].map((status) => {
    const description = titles.flatMap(([of, title]) => (of === status ? [title] : [])).join("; ");
    return [status, { description, ...content("application/problem+json", PROBLEM) }];
  });
  return Object.fromEntries(entries);
}

const text = { type: "string" };

function problemSchema(): Json {
  const issue = { type: "object", properties: { path: text, message: text }, required: ["path", "message"] };
  return {
    type: "object",
    properties: {
      type: text,
      title: text,
      status: { type: "integer" },
      detail: text,
      code: text,
      errors: { type: "array", items: issue },
      error: { type: "object", properties: { name: text, message: text, code: {} }, required: ["name", "message"] },
      stack: text,
    },
    required: ["type", "title", "status", "detail", "code"],
  };
}

function jobSchema(): Json {
  return {
    type: "object",
    properties: {
      id: text,
      function: text,
      state: { enum: ["pending", "running", "succeeded", "failed", "cancelled"] },
      createdAt: { ...text, format: "date-time" },
      endedAt: { ...text, format: "date-time" },
      progress: {},
      result: {},
      error: PROBLEM,
    },
    required: ["id", "function", "state", "createdAt"],
  };
}
