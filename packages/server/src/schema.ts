/** Standard Schema (standardschema.dev): how a module says what its functions take, whichever library it uses for that.
 *
 *  Guarantees: no schema library is needed here, or known; what a schema says about JSON is asked of the schema itself. */
import type { Issue } from "./problem.js";
import { RefusedError } from "./problem.js";

/** What Standard Schema 1 asks of a schema; `jsonSchema` is its extension Standard JSON Schema. */
export interface StandardSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult | PromiseLike<SchemaResult>;
    readonly jsonSchema?: {
      input(options: { readonly target: string }): Readonly<Record<string, unknown>>;
      output(options: { readonly target: string }): Readonly<Record<string, unknown>>;
    };
  };
}

export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a module exports as `schemas`, by function: `export const schemas = { add: { args: [z.number(), z.number()] } }`. */
export interface FunctionSchemas {
  /** One schema for each argument, or one for the array of them. */
  readonly args?: StandardSchema | readonly StandardSchema[];
  /** Tells clients what to expect; results are not checked against it. */
  readonly result?: StandardSchema;
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  const inner: unknown =
    (typeof value === "object" || typeof value === "function") && value !== null
      ? Reflect.get(value, "~standard")
      : undefined;
  return typeof inner === "object" && inner !== null && typeof Reflect.get(inner, "validate") === "function";
}

/** The arguments as the schemas give them back, defaults filled in.
 *  @throws RefusedError (`ERR_INVALID_ARGUMENTS`) with a path for each thing that is wrong. */
export async function checkArgs(name: string, schemas: FunctionSchemas, args: readonly unknown[]): Promise<unknown[]> {
  const { args: expected } = schemas;
  if (expected === undefined) return [...args];
  const issues: Issue[] = [];
  const checked = isStandardSchema(expected)
    ? await validate(expected, args, "args", issues)
    : await validateEach(expected, args, issues);
  if (issues.length > 0) {
    const [first] = issues;
    throw new RefusedError("ERR_INVALID_ARGUMENTS", `${name}: ${first?.path}: ${first?.message}`, { issues });
  }
  return Array.isArray(checked) ? checked : [...args];
}

async function validateEach(
  schemas: readonly StandardSchema[],
  args: readonly unknown[],
  issues: Issue[],
): Promise<unknown[]> {
  if (args.length > schemas.length) {
    issues.push({ path: `args[${schemas.length}]`, message: `At most ${schemas.length} arguments are taken` });
  }
  const checked = schemas.map((schema, index) => validate(schema, args[index], `args[${index}]`, issues));
  const values = await Promise.all(checked);
  // What is optional and was not given stays away, so that the function's own defaults count.
  while (values.length > args.length && values.at(-1) === undefined) values.pop();
  return values;
}

async function validate(schema: StandardSchema, value: unknown, at: string, issues: Issue[]): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  for (const issue of result.issues) issues.push({ path: at + pathText(issue), message: issue.message });
  return undefined;
}

function pathText({ path = [] }: SchemaIssue): string {
  const keys = path.map((part) => (typeof part === "object" ? part.key : part));
  return keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
}

const TARGET = { target: "draft-2020-12" };

/** What the schema says in JSON Schema; nothing, which allows everything, when it cannot say (a bigint, a date). */
export function jsonSchemaOf(schema: StandardSchema, side: "input" | "output"): Readonly<Record<string, unknown>> {
  try {
    const { $schema: _, ...rest } = schema["~standard"].jsonSchema?.[side](TARGET) ?? {};
    return rest;
  } catch (error) {
    return { description: error instanceof Error ? error.message : String(error) };
  }
}
