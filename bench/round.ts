/** One round of one measure with one subject, in a process of its own: `node round.js MEASURE KIND SUBJECT full|quick`.
 *  Its last line on stdout is the figures, as JSON. */
import { MEASURES } from "./measures/all.js";

const [measureName, kind, subjectName, scale] = process.argv.slice(2);
const measure = MEASURES.find((each) => each.name === measureName);
const entry = measure?.subjects.find((each) => each.kind === kind && each.name === subjectName);
if (measure === undefined || entry === undefined) throw new Error(`No such round: ${process.argv.slice(2).join(" ")}`);
const figures = await measure.run(entry, scale === "quick" ? measure.quick : measure.full);
process.stdout.write(`\n${JSON.stringify(figures)}\n`, () => process.exit(0));
