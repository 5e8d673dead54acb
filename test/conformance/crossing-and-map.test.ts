/** What crosses to a worker, and map: every law for every executor. */
import { conformance } from "./conformance.js";
import { CROSSING } from "./crossing.js";
import { CANDIDATES } from "./executors.js";
import { MAPPING } from "./mapping.js";

for (const { name, make, traits } of Object.values(CANDIDATES)) {
  conformance("Functions and values", name, make, traits, CROSSING);
  conformance("Map", name, make, traits, MAPPING);
}
