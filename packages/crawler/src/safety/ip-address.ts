/** IP addresses as numbers, so that ranges are a shift and a comparison.
 *
 *  Guarantees: pure; what `net.isIP` does not accept is no address. */
import { isIP } from "node:net";

/** An address, as a number of 32 or 128 bits. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Behind `%`: the interface of a link-local address. */
  readonly zone: string | undefined;
}

/** Reads an address as the system's resolver writes it: dotted IPv4, or any form of IPv6, with or without a zone. */
export function parseIp(text: string): IpAddress | undefined {
  const family = isIP(text);
  if (family === 4) return { family, value: ipv4Value(text), zone: undefined };
  if (family !== 6) return undefined;
  const [address = "", zone] = text.split("%");
  return { family: 6, value: ipv6Value(address), zone };
}

function ipv4Value(text: string): bigint {
  return text.split(".").reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function ipv6Value(text: string): bigint {
  const [head = "", tail] = withoutDots(text).split("::");
  const front = groupsOf(head);
  const back = groupsOf(tail ?? "");
  // Without "::" all eight groups are there, and none is put in.
  const zeros = new Array<bigint>(8 - front.length - back.length).fill(0n);
  return [...front, ...zeros, ...back].reduce((value, group) => (value << 16n) | group, 0n);
}

const groupsOf = (text: string): bigint[] => (text === "" ? [] : text.split(":").map((group) => BigInt(`0x${group}`)));

/** The last 32 bits may be written as IPv4. */
function withoutDots(text: string): string {
  return text.replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const value = ipv4Value(dotted);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
}

/** The last 32 bits of an IPv6 address, as dotted IPv4. */
export function embeddedIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
}

const BITS = { 4: 32, 6: 128 } as const;

/** A range such as `10.0.0.0/8`. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly prefix: bigint;
  readonly shift: bigint;
}

/** @throws RangeError when `cidr` is no range: a mistake in a table of ours. */
export function parseRange(cidr: string): IpRange {
  const [text = "", length = ""] = cidr.split("/");
  const address = parseIp(text);
  if (address === undefined || !/^\d+$/.test(length)) throw new RangeError(`${cidr} is no range of addresses`);
  const shift = BigInt(BITS[address.family] - Number(length));
  return { family: address.family, prefix: address.value >> shift, shift };
}

/** Whether an address lies in a range. */
export const isWithin = (address: IpAddress, range: IpRange): boolean =>
  address.family === range.family && address.value >> range.shift === range.prefix;
