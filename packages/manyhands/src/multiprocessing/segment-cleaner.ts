/** The program that unlinks what a process has left: gets the entries on standard input. Started by the shell of
 *  `segment-tracker.ts`, and by nobody else. */
import { readFileSync } from "node:fs";
import { unlinkEntry } from "./segment-entry.js";

for (const entry of readFileSync(0, "utf8").split(" ")) if (entry !== "") unlinkEntry(entry);
