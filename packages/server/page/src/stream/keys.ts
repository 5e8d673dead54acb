/** What keys mean to the stream. */
import type { Direction } from "./pick.js";

export type Command =
  | { readonly kind: "go"; readonly way: Direction }
  | { readonly kind: "pan"; readonly pixels: number }
  | { readonly kind: "zoom"; readonly factor: number }
  | { readonly kind: "pause" }
  | { readonly kind: "oldest" }
  | { readonly kind: "now" }
  | { readonly kind: "let-go" };

const PAN = 80;
const ZOOM = 1.5;

const PLAIN: Readonly<Record<string, Command>> = {
  ArrowLeft: { kind: "go", way: "earlier" },
  ArrowRight: { kind: "go", way: "later" },
  ArrowUp: { kind: "go", way: "row-above" },
  ArrowDown: { kind: "go", way: "row-below" },
  "+": { kind: "zoom", factor: 1 / ZOOM },
  "=": { kind: "zoom", factor: 1 / ZOOM },
  "-": { kind: "zoom", factor: ZOOM },
  " ": { kind: "pause" },
  Home: { kind: "oldest" },
  End: { kind: "now" },
  Escape: { kind: "let-go" },
};

const SHIFTED: Readonly<Record<string, Command>> = {
  ArrowLeft: { kind: "pan", pixels: -PAN },
  ArrowRight: { kind: "pan", pixels: PAN },
};

interface Pressed {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Keys with Ctrl, Alt or Meta belong to the browser. */
export function commandOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Pressed): Command | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  return (shiftKey ? SHIFTED[key] : undefined) ?? PLAIN[key];
}
