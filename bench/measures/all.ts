/** Every measure, in the order in which `npm run bench` takes them. */
import type { Measure } from "../measure.js";
import { submit } from "./submit.js";

export const MEASURES: readonly Measure[] = [submit];
