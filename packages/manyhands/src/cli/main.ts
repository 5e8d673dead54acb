#!/usr/bin/env node
/** The `manyhands` command. */
import { runProgram } from "./program.js";

// A reader that has left (`| head`) is no failure of ours; who writes then finds out by itself.
process.stdout.on("error", () => undefined);

const code = await runProgram(process.argv.slice(2));
// Not exitCode alone: a module that was loaded may hold a timer or a socket, and would keep the command for ever.
process.exit(code);
