/** Cuts a stream of bytes into records of text: lines, or pieces between NULs.
 *
 *  Guarantees: memory for one block and one record, whatever the length of the input; a record split over blocks, a
 *  missing separator at the end, CRLF and a byte order mark are all handled; bytes that are not UTF-8 are refused with
 *  their line, since a replaced character would be a silently different input. */
import { isUtf8 } from "node:buffer";
import { UsageError } from "./exit-code.js";

/** Records that were read together. */
export interface TextBatch {
  readonly records: readonly string[];
  /** Number of the first one, from 1. */
  readonly first: number;
}

/** The longest record, well below the longest string of V8: past it the separator is surely wrong. */
const LONGEST_RECORD = 256 * 2 ** 20;

const SEPARATOR = { lines: { byte: 10, text: "\n" }, nul: { byte: 0, text: "\0" } } as const;
const BYTE_ORDER_MARK = "\uFEFF";

/** Yields the records of `blocks`; `where` names the input in errors. */
export async function* textRecords(
  blocks: AsyncIterable<Uint8Array>,
  kind: keyof typeof SEPARATOR,
  where: string,
): AsyncGenerator<TextBatch> {
  const { byte } = SEPARATOR[kind];
  let first = 1;
  // Collected, not concatenated block by block: a long record would be copied again with each block.
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const block of blocks) {
    const end = block.lastIndexOf(byte);
    if (end >= 0) {
      const records = recordsOf(Buffer.concat([...rest, block.subarray(0, end)]), kind, { where, first });
      yield { records, first };
      first += records.length;
      [rest, restBytes] = [[], 0];
    }
    const tail = block.subarray(end + 1);
    restBytes += tail.length;
    if (restBytes > LONGEST_RECORD)
      throw new UsageError(`${where}:${first}: longer than 256 MiB; is the format right?`);
    if (tail.length > 0) rest.push(tail);
  }
  if (restBytes > 0) yield { records: recordsOf(Buffer.concat(rest), kind, { where, first }), first };
}

/** The records in `bytes`, whose last one has no separator behind it. */
function recordsOf(bytes: Buffer, kind: keyof typeof SEPARATOR, at: { where: string; first: number }): string[] {
  const { byte, text } = SEPARATOR[kind];
  if (!isUtf8(bytes)) throw new UsageError(`${at.where}:${at.first + badRecord(bytes, byte)}: not valid UTF-8`);
  let whole = bytes.toString("utf8");
  if (at.first === 1 && whole.startsWith(BYTE_ORDER_MARK)) whole = whole.slice(1);
  const records = whole.split(text);
  // Most files have no CR at all, and the test for the whole block is cheaper than one for each line.
  if (kind === "nul" || !whole.includes("\r")) return records;
  return records.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

function badRecord(bytes: Buffer, byte: number): number {
  let start = 0;
  for (let record = 0; ; record++) {
    const end = bytes.indexOf(byte, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return record;
    start = end + 1;
  }
}
