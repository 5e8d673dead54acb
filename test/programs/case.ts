/** `case.js KIND CASE FILE`: one case of the matrix in a program of its own, which must then end by itself, without a shutdown. */
import assert from "node:assert/strict";
import { add } from "#tasks/basic.js";
import { CASES } from "../conformance/cases.js";
import { candidate } from "../conformance/executors.js";
import { outcomeOf } from "../conformance/support.js";

const [, , kind, name, file = ""] = process.argv;
const { make, traits } = candidate(kind);
const entry = CASES.find((other) => other.name === name);
assert.ok(entry !== undefined, `no case is called ${name}`);

const executor = make({ maxWorkers: 2, ...entry.options });
entry.judge(await outcomeOf(entry.submit({ executor, kind: traits.kind, file })), traits.kind);
assert.equal(await executor.submit(add, 1, 2), 3);
console.log("done");
