/** The colours of the pictures.
 *
 *  Guarantees: a function has the same colour whenever it is met in the same order, here and in every other page of that server;
 *  any two of the colours, red and grey included, stay apart for people who lack one kind of cone, and each stands out from its
 *  background by 3 to 1 (`test/dashboard-colours.test.ts`). Beyond eight functions colours repeat: names tell the rest. */

export interface Theme {
  readonly name: "light" | "dark";
  /** What the picture is drawn on. */
  readonly ground: string;
  readonly rowGround: string;
  readonly grid: string;
  readonly text: string;
  readonly muted: string;
  readonly failed: string;
  readonly hatch: string;
  readonly waiting: string;
  readonly accent: string;
  readonly functions: readonly string[];
}

export const LIGHT: Theme = {
  name: "light",
  ground: "#ffffff",
  rowGround: "#f3f5f8",
  grid: "#dfe4ea",
  text: "#17202c",
  muted: "#556170",
  failed: "#c8102e",
  hatch: "#ffffff",
  waiting: "#8a93a0",
  accent: "#0b5cad",
  functions: ["#365fe8", "#2a695d", "#c67101", "#7533a4", "#0599ea", "#a964b4", "#1f2f6b", "#4f9959"],
};

export const DARK: Theme = {
  name: "dark",
  ground: "#0f1520",
  rowGround: "#151d2a",
  grid: "#263244",
  text: "#e4eaf2",
  muted: "#9ba8b8",
  failed: "#ff5a5f",
  hatch: "#2a070a",
  waiting: "#77808f",
  accent: "#79b8ff",
  functions: ["#71afff", "#35a059", "#f3d530", "#a972fb", "#51edff", "#dc86c5", "#505bbf", "#bedf98"],
};

/** What is written on a colour: white or nearly black, whichever contrasts more. */
export function inkOn(colour: string): string {
  return contrast(colour, "#ffffff") >= contrast(colour, NEARLY_BLACK) ? "#ffffff" : NEARLY_BLACK;
}

const NEARLY_BLACK = "#0b1018";

/** By WCAG, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Light of an sRGB component from 0 to 1. */
export function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** FNV-1a: short names that differ in one letter should differ in colour. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

/** Gives each name, in the order of `names`, the place in a palette of `size` that its letters say; the next free one when
 *  another name has that; and when all are taken, the one that its letters say after all. */
export function placesOf(names: readonly string[], size: number): readonly number[] {
  const byName = new Map<string, number>();
  const taken = new Set<number>();
  return names.map((name) => {
    const known = byName.get(name);
    if (known !== undefined) return known;
    let place = hashOf(name) % size;
    while (taken.size < size && taken.has(place)) place = (place + 1) % size;
    taken.add(place);
    byName.set(name, place);
    return place;
  });
}
