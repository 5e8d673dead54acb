/** One round of one measure with one participant, in a process of its own: `node round.js MEASURE KIND NAME SCALE ROUND`.
 *  Its last line on stdout is the figures, as JSON. */
import { setTimeout } from "node:timers/promises";
import { MEASURES } from "./measures/all.js";

const [measureName, kind, name, scale, round] = process.argv.slice(2);
const measure = MEASURES.find((each) => each.name === measureName);
const participant = measure?.participants.find((each) => each.kind === kind && each.name === name);
if (participant === undefined) throw new Error(`No such round: ${process.argv.slice(2).join(" ")}`);
const figures = await participant.run(scale === "quick" ? "quick" : "full", Number(round));
// A profile is written by whoever exits by himself: workers get the time to.
if (process.env["MANYHANDS_PROFILES"] !== undefined) await setTimeout(500);
process.stdout.write(`\n${JSON.stringify(figures)}\n`, () => process.exit(0));
