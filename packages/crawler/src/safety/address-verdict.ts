/** Which addresses are on the public internet: decided from the address alone.
 *
 *  IPv4 is refused by a list: the IANA IPv4 Special-Purpose Address Registry (RFC 6890, kept up to date by RFC 8190), what is
 *  not globally reachable there, with multicast and the metadata services of clouds. IPv6 is *allowed* by a list: of all
 *  of it only 2000::/3 has been given out (RFC 4291, 2.4), so whatever kind of private address comes up next is refused already.
 *  An address that only wraps an IPv4 address which the system then connects to is what that IPv4 address is.
 *
 *  Guarantees: pure; what is no address is refused. */
import type { IpAddress, IpRange } from "./ip-address.js";
import { embeddedIpv4, isWithin, parseIp, parseRange } from "./ip-address.js";

/** What an address is. */
export type AddressVerdict = { readonly kind: "public" } | { readonly kind: "refused"; readonly reason: string };

interface NamedRange {
  readonly range: IpRange;
  readonly name: string;
}

const named = (rows: Readonly<Record<string, string>>): readonly NamedRange[] =>
  Object.entries(rows).map(([cidr, name]) => ({ range: parseRange(cidr), name }));

const METADATA = named({
  "169.254.169.254/32": "the metadata service of a cloud (AWS, Azure, Google)",
  "169.254.170.2/32": "the metadata service of a cloud (AWS ECS)",
  // The only one in public space: unlisted by IANA, and answered by the host below each virtual machine.
  "168.63.129.16/32": "the metadata service of a cloud (Azure)",
  "100.100.100.200/32": "the metadata service of a cloud (Alibaba)",
  "192.0.0.192/32": "the metadata service of a cloud (Oracle)",
  "fd00:ec2::254/128": "the metadata service of a cloud (AWS)",
  "fd20:ce::254/128": "the metadata service of a cloud (Google)",
});

const SPECIAL_V4 = named({
  "0.0.0.0/8": "this host or network (RFC 791)",
  "10.0.0.0/8": "a private address (RFC 1918)",
  "100.64.0.0/10": "an address behind a carrier's NAT (RFC 6598)",
  "127.0.0.0/8": "a loopback address (RFC 1122)",
  "169.254.0.0/16": "a link-local address (RFC 3927)",
  "172.16.0.0/12": "a private address (RFC 1918)",
  "192.0.0.0/24": "an address for protocols (RFC 6890)",
  "192.0.2.0/24": "an address for documentation (RFC 5737)",
  "192.88.99.0/24": "a 6to4 relay (RFC 7526)",
  "192.168.0.0/16": "a private address (RFC 1918)",
  "198.18.0.0/15": "an address for benchmarks (RFC 2544)",
  "198.51.100.0/24": "an address for documentation (RFC 5737)",
  "203.0.113.0/24": "an address for documentation (RFC 5737)",
  "224.0.0.0/4": "a multicast address (RFC 5771)",
  "255.255.255.255/32": "the broadcast address (RFC 919)",
  "240.0.0.0/4": "a reserved address (RFC 1112)",
});

const SPECIAL_V6 = named({
  "::/128": "the unspecified address (RFC 4291)",
  "::1/128": "the loopback address (RFC 4291)",
  "::/96": "an IPv4-compatible address (RFC 4291)",
  "::ffff:0:0:0/96": "an IPv4-translated address (RFC 2765)",
  "64:ff9b:1::/48": "a translated address of a local network (RFC 8215)",
  "100::/64": "a discarded address (RFC 6666)",
  "2001::/32": "a Teredo address (RFC 4380)",
  "2001::/23": "an address for protocols (RFC 2928)",
  "2001:db8::/32": "an address for documentation (RFC 3849)",
  "2002::/16": "a 6to4 address (RFC 7526)",
  "3fff::/20": "an address for documentation (RFC 9637)",
  "5f00::/16": "a segment of a routing network (RFC 9602)",
  "fc00::/7": "a private address (RFC 4193)",
  "fe80::/10": "a link-local address (RFC 4291)",
  "fec0::/10": "a site-local address (RFC 3879)",
  "ff00::/8": "a multicast address (RFC 4291)",
});

/** Wrappings that lead to an IPv4 address: the system's own (RFC 4291), and the well-known NAT64 prefix (RFC 6052), behind which
 *  the whole IPv4 internet is to be found in networks that have IPv6 only. */
const WRAPPINGS = ["::ffff:0:0/96", "64:ff9b::/96"].map(parseRange);

const GLOBAL_UNICAST = parseRange("2000::/3");

/** Says whether an address is on the public internet.
 *  @param address as a resolver gives it or a URL has it, without brackets */
export function judgeAddress(address: string): AddressVerdict {
  const ip = parseIp(address);
  if (ip === undefined) return { kind: "refused", reason: "it is no IP address" };
  if (ip.zone !== undefined)
    return { kind: "refused", reason: "its zone ties it to this machine's networks (RFC 4007)" };
  return ip.family === 4 ? judgeIpv4(ip) : judgeIpv6(ip);
}

function judgeIpv4(ip: IpAddress): AddressVerdict {
  return refusedBy([...METADATA, ...SPECIAL_V4], ip) ?? { kind: "public" };
}

function judgeIpv6(ip: IpAddress): AddressVerdict {
  if (WRAPPINGS.some((range) => isWithin(ip, range))) return judgeAddress(embeddedIpv4(ip.value));
  const refused = refusedBy([...METADATA, ...SPECIAL_V6], ip);
  if (refused !== undefined) return refused;
  return isWithin(ip, GLOBAL_UNICAST)
    ? { kind: "public" }
    : { kind: "refused", reason: "nobody has this address (RFC 4291)" };
}

function refusedBy(ranges: readonly NamedRange[], ip: IpAddress): AddressVerdict | undefined {
  const found = ranges.find(({ range }) => isWithin(ip, range));
  return found && { kind: "refused", reason: `it is ${found.name}` };
}

/** Names that never belong to the public internet. Looking one up would tell the network what is asked for. */
const PRIVATE_NAMES: readonly (readonly [suffix: string, reason: string])[] = [
  ["localhost", "the name is this machine's own (RFC 6761)"],
  ["localdomain", "the name is one of a local network"],
  ["local", "the name is one of a local network (RFC 6762)"],
  ["internal", "the name is one of a private network (ICANN, 2024)"],
  ["home.arpa", "the name is one of a home network (RFC 8375)"],
];

/** Says whether a host of a URL may be asked for at all: literal addresses by what they are, names by their last labels.
 *  A name that passes is not public yet: its addresses are judged when it is connected to.
 *  @param hostname as `URL` gives it: lower case, addresses in canonical form, IPv6 in brackets */
export function judgeHost(hostname: string): AddressVerdict {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(bare) !== undefined) return judgeAddress(bare);
  const name = bare.toLowerCase().replace(/\.+$/, "");
  const found = PRIVATE_NAMES.find(([suffix]) => name === suffix || name.endsWith(`.${suffix}`));
  return found === undefined ? { kind: "public" } : { kind: "refused", reason: found[1] };
}
