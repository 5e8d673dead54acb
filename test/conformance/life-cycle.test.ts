/** The life of a call and of an executor: cancelling, time, scheduling, ending; every law for every executor. */
import { CANCELLING } from "./cancelling.js";
import { conformance } from "./conformance.js";
import { ENDING } from "./ending.js";
import { CANDIDATES } from "./executors.js";
import { SCHEDULING } from "./scheduling.js";
import { TIMING } from "./timing.js";

for (const { name, make, traits } of Object.values(CANDIDATES)) {
  conformance("Cancelling", name, make, traits, CANCELLING);
  conformance("Time and retries", name, make, traits, TIMING);
  conformance("Scheduling and workers", name, make, traits, SCHEDULING);
  conformance("Ending", name, make, traits, ENDING);
}
