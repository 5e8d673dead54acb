/** The matrix, for every local executor. */
import { describe } from "vitest";
import { conformance } from "./conformance.js";
import { CANDIDATES } from "./executors.js";
import { MATRIX } from "./matrix.js";

describe("a task that", () => {
  for (const { name, make, traits } of Object.values(CANDIDATES)) {
    conformance("A task that", name, make, traits, MATRIX);
  }
});
