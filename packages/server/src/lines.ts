/** Lines of a body that comes in pieces. */
import type { Readable } from "node:stream";
import { RefusedError } from "./problem.js";

/** The lines of `body` that are not blank, without their ends.
 *  @throws RefusedError (`ERR_BODY_TOO_LARGE`) for a line of more than `longest` characters: one without end would fill
 *  the memory. */
export async function* linesOf(body: Readable, longest: number): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of body.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of [...lines, ...(rest.length > longest ? [rest] : [])]) {
      if (line.length > longest)
        throw new RefusedError("ERR_BODY_TOO_LARGE", `A line has more than ${longest} characters`);
      if (line.trim() !== "") yield line;
    }
  }
  if (rest.trim() !== "") yield rest;
}
