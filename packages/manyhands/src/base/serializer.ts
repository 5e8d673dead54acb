/** V8's own serialiser, loaded when it is first asked for: many programs and most threads never need it, and would wait
 *  1.5 ms for it. */
export type Serializer = Pick<typeof import("node:v8"), "serialize" | "deserialize">;

let loaded: Serializer | undefined;

export function serializer(): Serializer {
  loaded ??= process.getBuiltinModule("node:v8");
  return loaded;
}
