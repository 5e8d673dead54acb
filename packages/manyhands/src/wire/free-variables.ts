/** Which names a function takes from its surroundings.
 *
 *  Guarantees: JavaScript's scoping is followed exactly as in strict code: parameters and their defaults, destructuring, hoisted
 *  `var` and functions, blocks, classes, `catch`, labels, named function expressions, `arguments`. `typeof name` alone does
 *  not use the name: it is how one asks whether it exists. */
import type {
  AnyNode,
  ArrowFunctionExpression,
  Class,
  Function as FunctionNode,
  MemberExpression,
  Pattern,
} from "acorn";

/** A name that is used, and bound nowhere in the function. */
export interface FreeName {
  readonly name: string;
  /** The member that is taken of it, where it looks like what transpilers make of an import. */
  readonly member: string | undefined;
  /** Where it is used, as an offset into the parsed text. */
  readonly offset: number;
}

/** What a function takes from outside itself. */
export interface Captures {
  readonly names: readonly FreeName[];
  /** Specifiers of `import("…")`; `undefined` for one that is computed. */
  readonly imports: readonly { readonly specifier: string | undefined; readonly offset: number }[];
}

/** Finds what the function takes from outside, in order of use. */
export function capturesOf(root: FunctionNode | ArrowFunctionExpression): Captures {
  const outside = new Scope(undefined, "function");
  const visitor = new Visitor();
  visitor.visit(root as AnyNode, outside);
  outside.close();
  return { names: outside.free.toSorted((a, b) => a.offset - b.offset), imports: visitor.imports };
}

/** One scope: what it declares, and what is used in it. Resolved when it closes, for declarations may follow their use. */
class Scope {
  readonly #declared = new Set<string>();
  readonly #used: FreeName[] = [];
  readonly #parent: Scope | undefined;
  /** Where `var` declares: the nearest function's scope. */
  readonly #hoist: Scope;
  /** Names left over once this scope is closed. */
  free: FreeName[] = [];

  constructor(parent: Scope | undefined, kind: "function" | "block") {
    this.#parent = parent;
    this.#hoist = kind === "function" || parent === undefined ? this : parent.#hoist;
  }

  declare(name: string): void {
    this.#declared.add(name);
  }

  declareVar(name: string): void {
    this.#hoist.#declared.add(name);
  }

  use(name: string, offset: number, member?: string): void {
    this.#used.push({ name, member, offset });
  }

  close(): void {
    this.free = this.#used.filter(({ name }) => !this.#declared.has(name));
    if (this.#parent !== undefined) for (const name of this.free) this.#parent.#used.push(name);
  }
}

/** Import bindings as Vite (`__vi_import_0__.name`) and esbuild (`import_lib.name`) write them. */
const IMPORT_BINDING = /^(?:__vi(?:te_ssr)?_import_\d+__|import_\w+)$/;

class Visitor {
  readonly imports: { specifier: string | undefined; offset: number }[] = [];

  visit(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case "Identifier":
        scope.use(node.name, node.start);
        return;
      case "FunctionDeclaration":
        if (node.id !== null) scope.declare(node.id.name);
        this.#visitFunction(node, scope);
        return;
      case "FunctionExpression":
        this.#visitFunctionExpression(node, scope);
        return;
      case "ArrowFunctionExpression":
        this.#visitFunction(node, scope);
        return;
      case "VariableDeclaration":
        for (const { id } of node.declarations)
          this.#declarePattern(id, scope, node.kind === "var" ? "var" : "lexical");
        this.#visitChildren(node, scope);
        return;
      default:
        this.#visitBlock(node, scope);
    }
  }

  /** Nodes that are a scope. */
  #visitBlock(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case "ClassDeclaration":
      case "ClassExpression":
        this.#visitClass(node, scope);
        return;
      case "StaticBlock":
        this.#within(scope, "function", (inner) => this.#visitChildren(node, inner));
        return;
      case "CatchClause":
        this.#within(scope, "block", (inner) => {
          if (node.param) this.#declarePattern(node.param, inner, "lexical");
          this.#visitChildren(node, inner);
        });
        return;
      case "BlockStatement":
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
      case "SwitchStatement":
        this.#within(scope, "block", (inner) => this.#visitChildren(node, inner));
        return;
      default:
        this.#visitExpression(node, scope);
    }
  }

  #visitClass(node: Class, scope: Scope): void {
    if (node.type === "ClassDeclaration" && node.id) scope.declare(node.id.name);
    this.#within(scope, "block", (inner) => {
      if (node.id) inner.declare(node.id.name);
      this.#visitChildren(node as AnyNode, inner, ["id"]);
    });
  }

  /** Nodes in which some identifiers are not uses of a variable. */
  #visitExpression(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case "MemberExpression":
        this.#visitMember(node, scope);
        return;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node.computed) this.visit(node.key, scope);
        this.#visitChildren(node, scope, ["key"]);
        return;
      case "LabeledStatement":
        this.visit(node.body, scope);
        return;
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "MetaProperty":
        if (node.meta.name === "import") scope.use("import.meta", node.start);
        return;
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier") return;
        this.visit(node.argument, scope);
        return;
      case "ImportExpression":
        this.#noteImport(node.source, node.start);
        this.#visitChildren(node, scope);
        return;
      case "CallExpression":
        if (node.callee.type === "Identifier" && DYNAMIC_IMPORT.test(node.callee.name))
          this.#noteImport(node.arguments[0], node.start);
        this.#visitChildren(node, scope);
        return;
      default:
        this.#visitChildren(node, scope);
    }
  }

  #visitMember(node: MemberExpression, scope: Scope): void {
    const { object, property } = node;
    const imported = object.type === "Identifier" && IMPORT_BINDING.test(object.name);
    if (node.computed) this.#visitChildren(node, scope);
    else if (imported && property.type === "Identifier") scope.use(object.name, object.start, property.name);
    else this.visit(object, scope);
  }

  #noteImport(source: AnyNode | undefined, offset: number): void {
    const constant = source?.type === "Literal" && typeof source.value === "string" ? source.value : undefined;
    this.imports.push({ specifier: constant, offset });
  }

  #visitFunctionExpression(node: AnyNode & { type: "FunctionExpression" }, scope: Scope): void {
    if (!node.id) {
      this.#visitFunction(node, scope);
      return;
    }
    const { name } = node.id;
    this.#within(scope, "block", (inner) => {
      inner.declare(name);
      this.#visitFunction(node, inner);
    });
  }

  // Parameters and body are two scopes: a default value does not see what the body declares.
  #visitFunction(node: FunctionNode | ArrowFunctionExpression, scope: Scope): void {
    this.#within(scope, "function", (parameters) => {
      if (node.type !== "ArrowFunctionExpression") parameters.declare("arguments");
      for (const parameter of node.params) this.#declarePattern(parameter, parameters, "lexical");
      for (const parameter of node.params) this.visit(parameter, parameters);
      this.#within(parameters, "function", (body) => {
        if (node.body.type === "BlockStatement") this.#visitChildren(node.body, body);
        else this.visit(node.body, body);
      });
    });
  }

  #declarePattern(pattern: Pattern, scope: Scope, kind: "var" | "lexical"): void {
    switch (pattern.type) {
      case "Identifier":
        if (kind === "var") scope.declareVar(pattern.name);
        else scope.declare(pattern.name);
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          this.#declarePattern(property.type === "RestElement" ? property.argument : property.value, scope, kind);
        }
        return;
      case "ArrayPattern":
        for (const element of pattern.elements) if (element !== null) this.#declarePattern(element, scope, kind);
        return;
      case "AssignmentPattern":
        this.#declarePattern(pattern.left, scope, kind);
        return;
      case "RestElement":
        this.#declarePattern(pattern.argument, scope, kind);
        return;
      case "MemberExpression":
        return;
    }
  }

  #within(parent: Scope, kind: "function" | "block", visit: (scope: Scope) => void): void {
    const scope = new Scope(parent, kind);
    visit(scope);
    scope.close();
  }

  #visitChildren(node: AnyNode, scope: Scope, except: readonly string[] = []): void {
    for (const [key, value] of Object.entries(node)) {
      if (except.includes(key)) continue;
      if (Array.isArray(value)) for (const item of value) this.#visitIfNode(item, scope);
      else this.#visitIfNode(value, scope);
    }
  }

  #visitIfNode(value: unknown, scope: Scope): void {
    if (typeof value === "object" && value !== null && "type" in value && "start" in value)
      this.visit(value as AnyNode, scope);
  }
}

/** What Vitest's loader writes in the place of `import()`. */
const DYNAMIC_IMPORT = /^__vi(?:te_ssr)?_dynamic_import__$/;
