/** Light or dark: as the system says, or as was chosen here, which the browser keeps. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { DARK, LIGHT, type Theme } from "./stream/palette.js";

export type ThemeChoice = "system" | "light" | "dark";
export const CHOICES: readonly ThemeChoice[] = ["system", "light", "dark"];

const KEY = "manyhands-theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const system: Signal<"light" | "dark"> = signal(systemIsDark.matches ? "dark" : "light");
systemIsDark.addEventListener("change", ({ matches }) => {
  system.value = matches ? "dark" : "light";
});

export const choice: Signal<ThemeChoice> = signal(
  CHOICES.find((each) => each === localStorage.getItem(KEY)) ?? "system",
);

export const theme: ReadonlySignal<Theme> = computed(() => {
  const name = choice.value === "system" ? system.value : choice.value;
  return name === "dark" ? DARK : LIGHT;
});

export function choose(next: ThemeChoice): void {
  localStorage.setItem(KEY, next);
  choice.value = next;
}

/** Whether pictures may move by themselves. */
export const stillness: Signal<"still" | "moving"> = signal("moving");
const wantsStillness = matchMedia("(prefers-reduced-motion: reduce)");
stillness.value = wantsStillness.matches ? "still" : "moving";
wantsStillness.addEventListener("change", ({ matches }) => {
  stillness.value = matches ? "still" : "moving";
});
