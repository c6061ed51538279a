import ipaddr from 'ipaddr.js';

/** Whether two CIDRs (or bare addresses) share an address; false across families and for what is no CIDR. */
export function overlaps(a: string, b: string): boolean {
  const first = parseNetwork(a);
  const second = parseNetwork(b);
  if (first === null || second === null || first[0].kind() !== second[0].kind()) return false;
  return first[0].match(second[0], Math.min(first[1], second[1]));
}

/** Whether every address of `inner` lies in `outer`. */
export function containsNetwork(outer: string, inner: string): boolean {
  const wide = parseNetwork(outer);
  const narrow = parseNetwork(inner);
  return wide !== null && narrow !== null && wide[1] <= narrow[1] && overlaps(outer, inner);
}

/** True of 127.0.0.0/8 and ::1, and of what else cannot serve containers as a name server: link-local and multicast. */
export function isHostOnly(address: string): boolean {
  const plain = address.split('%')[0] ?? '';
  if (!ipaddr.isValid(plain)) return false;
  return ['loopback', 'linkLocal', 'multicast', 'unspecified'].includes(ipaddr.process(plain).range());
}

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

const known = new Map<string, Network | null>();

/** The same few networks are asked about for every host. */
function parseNetwork(text: string): Network | null {
  const before = known.get(text);
  if (before !== undefined) return before;
  const parsed = readNetwork(text);
  if (known.size < MOST_KNOWN) known.set(text, parsed);
  return parsed;
}

const MOST_KNOWN = 1_000;

function readNetwork(text: string): Network | null {
  const [address = '', prefix] = text.split('/');
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.parse(address);
  const bits = parsed.kind() === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  return Number.isInteger(length) && length >= 0 && length <= bits ? [parsed, length] : null;
}
