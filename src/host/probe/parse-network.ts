import ipaddr from 'ipaddr.js';
import type { InterfaceAddress, Listener, Route } from '../../domain/observed.ts';

/** Lines of `ip -o addr show`. */
export function parseAddresses(lines: readonly string[]): InterfaceAddress[] {
  return lines.flatMap((line) => {
    const found = /^\d+:\s+([^\s@]+)\S*\s+inet6?\s+([0-9a-fA-F.:]+)(?:\s+peer\s+\S+?)?(?:\/(\d+))?\s/.exec(
      line,
    );
    if (found === null) return [];
    const [, name = '', address = '', prefix] = found;
    return [{ interface: name, address, prefix: Number(prefix ?? (address.includes(':') ? 128 : 32)) }];
  });
}

const ROUTE_UP = 0x1;
const ROUTE_REJECT = 0x200;

/** /proc/net/route: addresses are hexadecimal, the lowest byte first. */
export function parseRoutes4(lines: readonly string[]): Route[] {
  return lines.flatMap((line) => {
    const [name = '', destination = '', , flags = '', , , , mask = ''] = line.trim().split(/\s+/);
    if (!/^[0-9A-F]{8}$/.test(destination) || (Number.parseInt(flags, 16) & ROUTE_UP) === 0) return [];
    const prefix = bits(Number.parseInt(mask, 16));
    if (prefix === 0 && (Number.parseInt(flags, 16) & ROUTE_REJECT) !== 0) return [];
    const cidr = prefix === 0 ? 'default' : `${hexToIpv4(destination)}/${prefix}`;
    return [{ destination: cidr, interface: name }];
  });
}

/** /proc/net/ipv6_route without link-local, multicast and the kernel's own entries (on lo, or with the flag of local ones). */
export function parseRoutes6(lines: readonly string[]): Route[] {
  return lines.flatMap((line) => {
    // Most lines are the kernel's own, on lo.
    if (/ lo\s*$/.test(line)) return [];
    const fields = line.trim().split(/\s+/);
    const [destination = '', prefixHex = ''] = fields;
    const name = fields.at(-1) ?? '';
    const isOwn = /^[89a-f]/.test(fields.at(-2) ?? '');
    if (!/^[0-9a-f]{32}$/.test(destination) || name === 'lo' || isOwn) return [];
    if (/^(fe8|ff)/.test(destination)) return [];
    const prefix = Number.parseInt(prefixHex, 16);
    const cidr = prefix === 0 ? 'default' : `${hexToIpv6(destination)}/${prefix}`;
    return [{ destination: cidr, interface: name }];
  });
}

/** Lines of `ss -Hlntu[p]`. */
export function parseSs(lines: readonly string[]): Listener[] {
  return lines.flatMap((line) => {
    const found = /^(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(.*)$/.exec(line);
    if (found === null) return [];
    const [, protocol = '', address = '', port = '', rest = ''] = found;
    const user = /\(\("([^"]*)",pid=(\d+)/.exec(rest);
    return [
      {
        protocol: protocol as Listener['protocol'],
        address: normalizeAddress(address.replace(/%[^\]]*/, '').replace(/^\[|\]$/g, '')),
        port: Number(port),
        process: user === null ? null : `${user[1]} (${user[2]})`,
      },
    ];
  });
}

/** Lines of /proc/net/{tcp,tcp6,udp,udp6}, each with its file's name before it. */
export function parseSockets(lines: readonly string[]): Listener[] {
  return lines.flatMap((line) => {
    const found =
      /^\/proc\/net\/(tcp|udp)6?:\s*\d+:\s+([0-9A-F]+):([0-9A-F]{4})\s+\S+\s+([0-9A-F]{2})\s/.exec(line);
    if (found === null) return [];
    const [, protocol = '', hex = '', port = '', state] = found;
    if (state !== (protocol === 'tcp' ? '0A' : '07')) return [];
    const address = hex.length === 8 ? hexToIpv4(hex) : hexToIpv6(swapWords(hex));
    return [
      {
        protocol: protocol as Listener['protocol'],
        address: normalizeAddress(address),
        port: Number.parseInt(port, 16),
        process: null,
      },
    ];
  });
}

/** Nameservers that RKE2 would use: of resolv.conf, or of systemd-resolved's where the first only has its stub. */
export function parseNameservers(
  resolvConf: readonly string[] | null,
  resolved: readonly string[] | null,
): string[] {
  const own = nameserversOf(resolvConf ?? []);
  const usable = own.some((address) => !isLoopback(address));
  return usable || resolved === null ? own : nameserversOf(resolved);
}

function nameserversOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Has no other spelling. */
const PLAIN_IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?[1-9]\d|1\d\d|\d)(?:\.(?!$)|$)){4}$/;

/** `*` is how ss writes a socket that listens on every address of both families. */
function normalizeAddress(address: string): string {
  if (address === '*') return '::';
  if (PLAIN_IPV4.test(address)) return address;
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : address;
}

function hexToIpv4(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}

function hexToIpv6(hex: string): string {
  return ipaddr.parse((hex.match(/.{4}/g) ?? []).join(':')).toString();
}

/** The kernel prints the four words of an IPv6 socket address in the machine's order, lowest byte first. */
function swapWords(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  return words.map((word) => (word.match(/../g) ?? []).reverse().join('')).join('');
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
  return count;
}
