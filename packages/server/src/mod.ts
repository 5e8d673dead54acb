/** @manyhands/server: the functions of a module over HTTP and WebSocket. */
export type { RootPlugin, RootSeam } from "./application.js";
export type { Call, Calls } from "./calls.js";
export type { Catalogue, LoadedModule, ServedFunction } from "./catalogue.js";
export { type DashboardOptions, dashboard } from "./dashboard/dashboard.js";
export type { Progress } from "./dashboard/protocol.js";
export type { Job, JobEvent, JobView } from "./job.js";
export type { JobStore } from "./job-store.js";
export { decode, type ErrorForm, encode, fromJson, JsonFormError, toJson } from "./json-form.js";
export type { Limits } from "./limits.js";
export type { CallId, FromClient, ToClient } from "./message.js";
export { type Issue, type Problem, type RefusalCode, RefusedError } from "./problem.js";
export type { FunctionSchemas, SchemaIssue, SchemaResult, StandardSchema } from "./schema.js";
export { type Drained, FunctionServer, type ServeOptions, serve } from "./server.js";
