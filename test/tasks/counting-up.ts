/** Tasks that share a value. */
import type { Value } from "manyhands/threading";

export function addMany(value: Value<"i32">, times: number): void {
  for (let time = 0; time < times; time += 1) value.add(1);
}

/** Adds by compare-and-exchange, again until nobody has come in between. */
export function addByExchange(value: Value<"f64">, times: number): void {
  for (let time = 0; time < times; time += 1) {
    for (let seen = value.value; ; ) {
      const was = value.compareExchange(seen, seen + 0.5);
      if (was === seen) break;
      seen = was;
    }
  }
}

export function setTrue(value: Value<"bool">): boolean {
  const before = value.value;
  value.value = true;
  return before;
}
