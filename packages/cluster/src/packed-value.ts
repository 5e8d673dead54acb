/** Values inside outcomes: checked for what cannot leave a machine, and for their size.
 *
 *  Guarantees: whatever the value is, something is returned that can be written: itself, or the error that says why not. */
import { allPrimitive, boundToMachine, inspectValue, serializer } from "manyhands/engine";
import type { PackedValue } from "./envelope.js";
import { PayloadTooLargeError } from "./errors.js";

/** @throws SerializationError naming the part that cannot travel; PayloadTooLargeError. */
export function packValue(value: unknown, path: string, limit: number): PackedValue {
  if (allPrimitive([value]) && !(typeof value === "string" && value.length > SHORT)) return { plain: value };
  if (inspectValue(value, path, "process").shareables > 0) throw boundToMachine(value, path);
  const bytes = serializer().serialize(value);
  if (bytes.length > limit) throw new PayloadTooLargeError(`The parts of ${path}`, bytes.length, limit);
  return { bytes };
}

/** Units of a string that is not worth measuring. */
const SHORT = 1000;

export function unpackValue(packed: PackedValue): unknown {
  return "bytes" in packed ? serializer().deserialize(packed.bytes) : packed.plain;
}
