/** Which of a module's variables it exports, read from its text.
 *
 *  From the text, and not by importing the module: a program that submits a function at its own top level is still being
 *  evaluated, and importing it there would wait for ever for itself. */
import type { AnyNode, Program } from "acorn";

/** One export of a module. */
export interface ScriptExport {
  readonly name: string;
  /** The variable behind it; `undefined` for an anonymous default, which is known by its place. */
  readonly local: string | undefined;
  /** Place of an anonymous default in the text. */
  readonly text: string | undefined;
}

/** The exports of a parsed module that are bound in it (re-exports are found where they are made). */
export function exportsOf(program: Program, source: string): readonly ScriptExport[] {
  const found: ScriptExport[] = [];
  for (const statement of program.body) {
    if (statement.type === "ExportDefaultDeclaration") found.push(defaultExport(statement.declaration, source));
    if (statement.type !== "ExportNamedDeclaration" || statement.source) continue;
    for (const { local, exported } of statement.specifiers) {
      const name = nameOf(exported);
      found.push({ name, local: nameOf(local), text: undefined });
    }
    if (statement.declaration)
      for (const name of declaredNames(statement.declaration)) found.push({ name, local: name, text: undefined });
  }
  return found;
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}

function defaultExport(declaration: AnyNode, source: string): ScriptExport {
  if (declaration.type === "Identifier") return { name: "default", local: declaration.name, text: undefined };
  const named =
    (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration") && declaration.id;
  if (named) return { name: "default", local: named.name, text: undefined };
  return { name: "default", local: undefined, text: source.slice(declaration.start, declaration.end) };
}

function declaredNames(declaration: AnyNode): readonly string[] {
  if (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration") {
    return declaration.id ? [declaration.id.name] : [];
  }
  // Destructured exports are rare enough to be left to the names of plain ones.
  if (declaration.type !== "VariableDeclaration") return [];
  return declaration.declarations.flatMap(({ id }) => namesIn(id));
}

function namesIn(pattern: AnyNode | null): readonly string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        namesIn(property.type === "RestElement" ? property.argument : property.value),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap(namesIn);
    case "AssignmentPattern":
      return namesIn(pattern.left);
    case "RestElement":
      return namesIn(pattern.argument);
    default:
      return [];
  }
}

/** The name under which a text that cannot be parsed here (TypeScript, or what a loader transforms) exports `local`, as far
 *  as its lines tell. */
export function exportNameInText(source: string, local: string): string | undefined {
  const name = local.replaceAll("$", "\\$");
  const matches = (pattern: string): RegExpExecArray | null => new RegExp(pattern, "mu").exec(source);
  if (local === "default") return matches("^\\s*export\\s+default\\b") === null ? undefined : "default";
  const after = "(?![\\w$])";
  if (matches(`^\\s*export\\s+(?:async\\s+)?(?:function|const|let|var)\\s+${name}${after}`) !== null) return local;
  if (matches(`^\\s*(?:module\\.)?exports\\.${name}\\s*=`) !== null) return local;
  if (matches(`^\\s*export\\s+default\\s+(?:(?:async\\s+)?function\\s+)?${name}${after}`) !== null) return "default";
  for (const [, list = ""] of source.matchAll(/^\s*export\s*\{([^}]*)\}(?!\s*from)/gmu)) {
    for (const item of list.split(",")) {
      const [from, , to] = item.trim().split(/\s+/);
      if (from === local) return to ?? local;
    }
  }
  return undefined;
}
