/** Reads a TypeScript module the way the layer check needs it: what it imports, and which globals it names.
 *
 *  It parses, for a pattern over text would find imports in comments and strings, and miss `import("./x.js").Type`. */
import { readFileSync } from "node:fs";
import { parseSync } from "vite";

/** One import, re-export, dynamic import or imported type of a file. */
export interface ImportEdge {
  readonly specifier: string;
  readonly line: number;
  /** `static` is evaluated when the module loads, `dynamic` later or never, `type` leaves nothing in the output. */
  readonly kind: "static" | "dynamic" | "type";
  /** It is an `export * from`, whose names nobody can read off. */
  readonly exportsAll: boolean;
}

/** What a file says that matters to the layers. */
export interface ModuleReading {
  readonly imports: readonly ImportEdge[];
  /** Lines that name the global `Atomics`. */
  readonly atomics: readonly number[];
  /** Lines of top-level statements other than imports and export lists. */
  readonly statements: readonly number[];
}

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of Object.values(node)) {
    if (isNode(child)) yield* nodesOf(child);
    else if (Array.isArray(child)) for (const each of child) if (isNode(each)) yield* nodesOf(each);
  }
}

const SOURCED = {
  ImportDeclaration: "static",
  ExportNamedDeclaration: "static",
  ExportAllDeclaration: "static",
  ImportExpression: "dynamic",
  TSImportType: "type",
} as const;

function edgeOf(node: Node, line: number): ImportEdge | undefined {
  if (!(node.type in SOURCED) || !isNode(node.source) || typeof node.source.value !== "string") return undefined;
  const kind = SOURCED[node.type as keyof typeof SOURCED];
  // `import { type A }` is no `type` edge: under verbatimModuleSyntax the module is still loaded.
  const erased = node.importKind === "type" || node.exportKind === "type";
  return {
    specifier: node.source.value,
    line,
    kind: erased ? "type" : kind,
    exportsAll: node.type === "ExportAllDeclaration",
  };
}

const isWiring = (node: Node): boolean =>
  node.type === "ImportDeclaration" ||
  node.type === "ExportAllDeclaration" ||
  (node.type === "ExportNamedDeclaration" && node.declaration === null);

/** @throws SyntaxError when the file does not parse. */
export function readModule(path: string): ModuleReading {
  const source = readFileSync(path, "utf8");
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`Cannot parse ${path}: ${error.message}`);
  const lineAt = (offset: number): number => source.slice(0, offset).split("\n").length;
  const statements = program.body
    .filter((each) => !isWiring(each as unknown as Node))
    .map((each) => lineAt(each.start));
  const imports: ImportEdge[] = [];
  const atomics: number[] = [];
  for (const node of nodesOf(program as unknown as Node)) {
    const edge = edgeOf(node, lineAt(node.start));
    if (edge !== undefined) imports.push(edge);
    if (node.type === "Identifier" && node.name === "Atomics") atomics.push(lineAt(node.start));
  }
  return { imports, atomics, statements };
}
