import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** A network as CIDR; `start` and `end` are its first and last address as numbers. */
export interface Cidr {
  readonly text: string;
  readonly family: Family;
  readonly prefix: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** Four numbers up to 255 without leading zeros. A file of a thousand nodes is asked for each address time and again. */
const DOTTED_QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** 4 or 6 for an IP address in its usual form (dotted quad; no brackets; a zone such as `%eth0` is fine), else null. */
export function familyOf(address: string): Family | null {
  if (DOTTED_QUAD.test(address)) return 4;
  return address.includes(':') && ipaddr.IPv6.isValid(address) ? 6 : null;
}

/** One spelling for one address: IPv6 compressed and in lower case. Names and IPv4 come back as they are. */
export function normalizeAddress(address: string): string {
  return familyOf(address) === 6 ? ipaddr.IPv6.parse(address).toString() : address;
}

/** Reads `10.42.0.0/16` or `fd00:42::/56`; null when it is none. Bits behind the prefix are cut off in `start`. */
export function parseCidr(text: string): Cidr | null {
  const [address, prefixText, ...rest] = text.split('/');
  if (address === undefined || prefixText === undefined || rest.length > 0) return null;
  const family = familyOf(address);
  if (family === null || address.includes('%') || !/^\d{1,3}$/.test(prefixText)) return null;
  const bits = family === 4 ? 32 : 128;
  const prefix = Number(prefixText);
  if (prefix > bits) return null;
  const hostBits = BigInt(bits - prefix);
  const start = (toNumber(address) >> hostBits) << hostBits;
  return { text, family, prefix, start, end: start + (1n << hostBits) - 1n };
}

/** The CIDR's own first address: `10.42.0.0/16` for `10.42.3.4/16`. */
export function formatNetwork(cidr: Cidr): string {
  return `${toText(cidr.start, cidr.family)}/${cidr.prefix}`;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.start <= b.end && b.start <= a.end;
}

/** Whether the IP address lies in the network; false for names. */
export function contains(cidr: Cidr, address: string): boolean {
  if (familyOf(address) !== cidr.family) return false;
  const value = toNumber(address);
  return value >= cidr.start && value <= cidr.end;
}

/** The address `offset` places after the network's first: 10 gives 10.43.0.10 in 10.43.0.0/16; null when outside. */
export function addressAt(cidr: Cidr, offset: number): string | null {
  const value = cidr.start + BigInt(offset);
  return value > cidr.end ? null : toText(value, cidr.family);
}

function toNumber(address: string): bigint {
  if (DOTTED_QUAD.test(address))
    return BigInt(address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0));
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function toText(value: bigint, family: Family): string {
  const length = family === 4 ? 4 : 16;
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** Addresses that follow each other, both ends included. */
export interface AddressRange {
  readonly family: Family;
  readonly start: bigint;
  readonly count: number;
}

/** Reads `10.0.0.11-10.0.0.30` (or `10.0.0.11-30`) and `fd00::11-fd00::1e`; null when it is none. */
export function parseRange(text: string): AddressRange | null {
  const [first = '', last = '', ...rest] = text.split('-').map((part) => part.trim());
  const end = /^\d{1,3}$/.test(last) ? first.replace(/\d+$/, last) : last;
  const family = familyOf(first);
  if (rest.length > 0 || family === null || family !== familyOf(end) || text.includes('%')) return null;
  const start = toNumber(first);
  const count = toNumber(end) - start + 1n;
  return count < 1n || count > BigInt(Number.MAX_SAFE_INTEGER)
    ? null
    : { family, start, count: Number(count) };
}

/** The range's address at `index`, counted from 0. */
export function addressOf(range: AddressRange, index: number): string {
  return toText(range.start + BigInt(index), range.family);
}

/** The fewest networks that hold exactly these IP addresses; one alone stands for itself, without a prefix. */
export function coverAddresses(addresses: readonly string[]): readonly string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = addresses.filter((address) => familyOf(address) === family && !address.includes('%'));
    const values = [...new Set(own.map(toNumber))].sort((a, b) => (a < b ? -1 : 1));
    const covered: string[] = [];
    for (let index = 0; index < values.length; ) {
      const start = values[index] ?? 0n;
      let size = 1n;
      const isThere = (length: bigint) => values[index + Number(length) - 1] === start + length - 1n;
      while (start % (size * 2n) === 0n && isThere(size * 2n)) size *= 2n;
      const prefix = (family === 4 ? 32 : 128) - (size.toString(2).length - 1);
      covered.push(size === 1n ? toText(start, family) : `${toText(start, family)}/${prefix}`);
      index += Number(size);
    }
    return covered;
  });
}
