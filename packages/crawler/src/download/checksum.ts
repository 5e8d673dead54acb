/** Checksums: read from a list as `sha256sum` writes it, and compared with what stands on the disk.
 *
 *  Guarantees: the file is read anew, so what was written is checked, not what came; names in a list are compared by their
 *  last part. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { ChecksumError } from "./errors.js";

/** A checksum and how it is made. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** In hexadecimal, lower case. */
  readonly hex: string;
}

export type ChecksumAlgorithm = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

const DIGITS: Readonly<Record<ChecksumAlgorithm, number>> = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** Reads `sha256:HEX`.
 *  @throws ChecksumError (`ERR_CHECKSUM`) when it is none */
export function parseChecksum(text: string): Checksum {
  const [, algorithm = "", hex = ""] = /^(\w+):([0-9a-f]+)$/i.exec(text.trim()) ?? [];
  const known = (Object.keys(DIGITS) as ChecksumAlgorithm[]).find((name) => name === algorithm.toLowerCase());
  if (known !== undefined && hex.length === DIGITS[known]) return { algorithm: known, hex: hex.toLowerCase() };
  throw new ChecksumError(`${text.slice(0, 40)} is no checksum; it is written sha256:HEX, with all its digits`);
}

/** Reads a list: `HEX  name`, `HEX *name`, `SHA256 (name) = HEX`; the algorithm shows in the number of digits.
 *  @throws ChecksumError (`ERR_CHECKSUM`) naming the first line that cannot be read */
export function parseChecksumList(text: string): ReadonlyMap<string, Checksum> {
  const list = new Map<string, Checksum>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const gnu = /^(\\?)([0-9a-f]+) [ *](.+)$/i.exec(line);
    const bsd = /^(\\?)\w+ \((.+)\) = ([0-9a-f]+)$/i.exec(line);
    const [escaped, hex = "", name = ""] = gnu ? gnu.slice(1) : bsd ? [bsd[1], bsd[3], bsd[2]] : [];
    const algorithm = (Object.keys(DIGITS) as ChecksumAlgorithm[]).find((each) => DIGITS[each] === hex.length);
    if (algorithm === undefined) throw new ChecksumError(`Line ${at + 1} of the list is no checksum and name`);
    const plain = escaped === "\\" ? name.replace(/\\(\\|n|r)/g, (_, c: string) => UNESCAPED[c] ?? c) : name;
    list.set(plain.split("/").at(-1) ?? plain, { algorithm, hex: hex.toLowerCase() });
  }
  return list;
}

const UNESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

/** Compares the first `length` bytes of an open file.
 *  @throws (rejects) ChecksumError (`ERR_CHECKSUM`) with both checksums */
export async function verifyChecksum(file: FileHandle, length: number, { algorithm, hex }: Checksum): Promise<void> {
  const hash = createHash(algorithm);
  if (length > 0) {
    for await (const piece of file.createReadStream({ start: 0, end: length - 1, autoClose: false }))
      hash.update(piece);
  }
  const found = hash.digest("hex");
  if (found !== hex) throw new ChecksumError(`The ${algorithm} of what came is ${found}, and should be ${hex}`);
}
