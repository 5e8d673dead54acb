/** Scoping: which names a function takes from outside itself. */
import { parseExpressionAt } from "acorn";
import { expect, test } from "vitest";
import { capturesOf } from "../packages/manyhands/dist/wire/free-variables.js";
import { isWorkerGlobal } from "../packages/manyhands/dist/wire/worker-globals.js";

function freeNames(text: string): string[] {
  const node = parseExpressionAt(`(${text})`, 0, { ecmaVersion: "latest", sourceType: "module" });
  if (node.type !== "FunctionExpression" && node.type !== "ArrowFunctionExpression") throw new TypeError(node.type);
  return [
    ...new Set(capturesOf(node).names.map(({ name, member }) => (member === undefined ? name : `${name}.${member}`))),
  ];
}

const CASES: readonly (readonly [law: string, source: string, free: readonly string[]])[] = [
  ["a parameter is bound", "(n) => n * n", []],
  ["a bare parameter is bound", "n => n * n", []],
  ["a name of the surroundings is free", "(n) => n * limit", ["limit"]],
  ["globals are names like any other here", "() => Math.max(1)", ["Math"]],
  ["a default sees earlier parameters", "(a, b = a) => b", []],
  ["a default sees later parameters too, as JavaScript does", "(a = b, b) => a", []],
  ["a default does not see the body's variables", "(a = inner) => { const inner = 1; return a; }", ["inner"]],
  ["a closure in a default does not see the body's var", "function (a = () => v) { var v; return a; }", ["v"]],
  ["destructured parameters are bound", "({ a, b: { c }, ...rest }, [d, , ...e]) => [a, c, rest, d, e]", []],
  ["a key in a pattern is no use", "({ b: c }) => c", []],
  ["a computed key in a pattern is one", "({ [key]: c }) => c", ["key"]],
  ["a default within a pattern is one", "({ a = other }) => a", ["other"]],
  ["var is hoisted out of blocks", "() => { if (1) { var x = 1; } return x; }", []],
  ["let is not", "() => { { let x = 1; } return x; }", ["x"]],
  ["const and class stay in their block", "() => { { const c = 1; class K {} } return [c, K]; }", ["c", "K"]],
  ["a use may come before the declaration", "() => { const f = () => later; const later = 1; return f; }", []],
  ["functions are hoisted within their block", "() => { return f(); function f() {} }", []],
  ["a function in a block stays there in strict code", "() => { { function f() {} } return f; }", ["f"]],
  ["a named function expression knows itself", "function fact(n) { return n ? n * fact(n - 1) : 1; }", []],
  ["but only inside", "() => { (function inner() {}); return inner; }", ["inner"]],
  ["a class expression knows itself", "() => class K { static make() { return new K(); } }", []],
  ["a parent class is a use", "() => class extends Base {}", ["Base"]],
  [
    "fields, static blocks and computed methods are read",
    "() => class { a = x; static { var y = z; y; } [w]() { return y; } }",
    ["x", "z", "w", "y"],
  ],
  ["method and field names are not", "() => class { m() {} static f = 1; get g() { return 1; } #p = 2; }", []],
  ["catch binds its parameter", "() => { try { } catch ({ message }) { return message; } }", []],
  ["only in its block", "() => { try { } catch (e) { } return e; }", ["e"]],
  ["catch without a parameter", "() => { try { } catch { return 1; } }", []],
  ["labels are no variables", "() => { outer: for (;;) { continue outer; } }", []],
  [
    "loop variables stay in the loop",
    "() => { for (let i = 0; i < 1; i++) { } for (const k of []) { } return [i, k]; }",
    ["i", "k"],
  ],
  ["for-in over a var", "(o) => { for (var k in o) { } return k; }", []],
  ["a switch is one scope", "(n) => { switch (n) { case 1: let a = 1; case 2: return a; } }", []],
  ["property names are no uses", "(o) => o.limit + { limit: 1 }.limit", []],
  ["a shorthand property is", "() => ({ limit })", ["limit"]],
  ["a computed member is", "(o) => o[limit]", ["limit"]],
  ["optional chaining", "(o) => o?.a?.[b]?.(c)", ["b", "c"]],
  ["templates and tags", "() => tag`a ${b}`", ["tag", "b"]],
  [
    "assignments to free names are uses",
    "() => { count += 1; [a, b.c] = [1, 2]; ({ d } = {}); }",
    ["count", "a", "b", "d"],
  ],
  ["typeof alone asks whether a name exists", "() => typeof window", []],
  ["typeof of an expression uses it", "() => typeof window.x", ["window"]],
  ["arguments belongs to a function", "function () { return () => arguments; }", []],
  ["but not to an arrow function", "() => arguments", ["arguments"]],
  ["new.target is no variable", "function () { return new.target; }", []],
  ["import.meta belongs to the module", "() => import.meta.url", ["import.meta"]],
  ["await and yield are no names", "async () => { for await (const x of await f()) yield_(x); }", ["f", "yield_"]],
  ["generators inside", "() => [...(function* () { yield* other(); })()]", ["other"]],
  [
    "object methods and accessors",
    "() => ({ m(a) { return a + b; }, get g() { return c; }, async *[k]() { } })",
    ["b", "c", "k"],
  ],
  ["a parameter hides an outer variable", "() => { const x = 1; return (x) => (y) => x + y; }", []],
  ["regular expressions and strings hold no names", "() => /limit/u.test('limit')", []],
  ["an import as vitest writes it", "() => (0, __vi_import_3__.double)(2)", ["__vi_import_3__.double"]],
  [
    "a local variable that is only named like an import",
    "(row_1) => { const import_x = row_1.a; return import_x.b; }",
    [],
  ],
  ["an import as esbuild writes it", "() => (0, import_lib.double)(2)", ["import_lib.double"]],
  ["using declarations", "() => { { using r = open(); r.x; } return r; }", ["open", "r"]],
  ["private names in", "() => class { #a; has(o) { return #a in o; } }", []],
  ["__proto__ as a name", "() => __proto__", ["__proto__"]],
];

test.each(CASES)("%s", (_law, source, free) => {
  expect(freeNames(source)).toEqual(free);
});

test("a dynamic import is noted with its specifier", () => {
  const node = parseExpressionAt("() => [import('node:fs'), import(x), import(`y`)]", 0, { ecmaVersion: "latest" });
  if (node.type !== "ArrowFunctionExpression") throw new TypeError(node.type);
  expect(capturesOf(node).imports.map(({ specifier }) => specifier)).toEqual(["node:fs", undefined, undefined]);
});

test("what a worker has is a global, what the program or its module added is not", () => {
  Reflect.set(globalThis, "wireTestGlobal", 1);
  for (const name of ["process", "Buffer", "fetch", "structuredClone", "Atomics", "undefined", "eval", "setTimeout"]) {
    expect(isWorkerGlobal(name), name).toBe(true);
  }
  for (const name of [
    "require",
    "module",
    "exports",
    "__dirname",
    "__filename",
    "window",
    "wireTestGlobal",
    "toString",
    "__proto__",
    "constructor",
  ]) {
    expect(isWorkerGlobal(name), name).toBe(false);
  }
});
