import ipaddr from 'ipaddr.js';
import type { InterfaceAddress, Listener, Route } from '../../domain/observed.ts';

/** Lines of `ip -o addr show`. */
export function parseAddresses(lines: readonly string[]): InterfaceAddress[] {
  const addresses: InterfaceAddress[] = [];
  for (const line of lines) {
    const found = /^\d+:\s+([^\s@]+)\S*\s+inet6?\s+([0-9a-fA-F.:]+)(?:\s+peer\s+\S+?)?(?:\/(\d+))?\s/.exec(
      line,
    );
    if (found === null) continue;
    const address = found[2] ?? '';
    const prefix = Number(found[3] ?? (address.includes(':') ? 128 : 32));
    addresses.push({ interface: found[1] ?? '', address, prefix });
  }
  return addresses;
}

const ROUTE_UP = 0x1;
const ROUTE_REJECT = 0x200;

/** /proc/net/route: fields between tabs; addresses are hexadecimal, the lowest byte first. */
export function parseRoutes4(lines: readonly string[]): Route[] {
  const routes: Route[] = [];
  for (const line of lines) {
    const fields = line.split('\t', 8);
    const address = littleEndian(fields[1] ?? '');
    const flags = Number.parseInt(fields[3] ?? '', 16);
    if (address === null || (flags & ROUTE_UP) === 0) continue;
    const prefix = bits(Number.parseInt(fields[7] ?? '', 16));
    if (prefix === 0 && (flags & ROUTE_REJECT) !== 0) continue;
    const destination = prefix === 0 ? 'default' : `${toIpv4(address)}/${prefix}`;
    routes.push({ destination, interface: fields[0] ?? '' });
  }
  return routes;
}

/** /proc/net/ipv6_route without link-local, multicast and the kernel's own entries (on lo, or with the flag of local ones). */
export function parseRoutes6(lines: readonly string[]): Route[] {
  const routes: Route[] = [];
  for (const line of lines) {
    // Most lines are such.
    if (line.startsWith('fe8') || line.startsWith('ff') || line.endsWith(' lo')) continue;
    const found = /^([0-9a-f]{32}) ([0-9a-f]{2}) .* ([0-7])[0-9a-f]{7} +(\S+)\s*$/.exec(line);
    if (found === null) continue;
    const prefix = Number.parseInt(found[2] ?? '', 16);
    const destination = prefix === 0 ? 'default' : `${hexToIpv6(found[1] ?? '')}/${prefix}`;
    routes.push({ destination, interface: found[4] ?? '' });
  }
  return routes;
}

/** Lines of `ss -Hlntu[p]`. */
export function parseSs(lines: readonly string[]): Listener[] {
  const listeners: Listener[] = [];
  for (const line of lines) {
    const found = /^(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(.*)$/.exec(line);
    if (found === null) continue;
    const user = /\(\("([^"]*)",pid=(\d+)/.exec(found[4] ?? '');
    listeners.push({
      protocol: found[1] as Listener['protocol'],
      address: normalizeAddress((found[2] ?? '').replace(/%[^\]]*/, '').replace(/^\[|\]$/g, '')),
      port: Number(found[3]),
      process: user === null ? null : `${user[1]} (${user[2]})`,
    });
  }
  return listeners;
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
  const nameservers: string[] = [];
  for (const line of lines) {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (address !== undefined) nameservers.push(address);
  }
  return nameservers;
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

/** The number that eight hexadecimal digits stand for; null for anything else. */
function littleEndian(hex: string): number | null {
  return /^[0-9A-F]{8}$/.test(hex) ? Number.parseInt(hex, 16) : null;
}

/** The lowest byte comes first. */
function toIpv4(address: number): string {
  return `${address & 255}.${(address >>> 8) & 255}.${(address >>> 16) & 255}.${address >>> 24}`;
}

function hexToIpv4(hex: string): string {
  return toIpv4(Number.parseInt(hex, 16));
}

/** Runs of zeros within `:1:2:…:8:`, the longest first. */
const ZEROS = [8, 7, 6, 5, 4, 3, 2].map((count) => `:${'0:'.repeat(count)}`);

/** Thirty-two digits as RFC 5952 wants them: no leading zeros, and `::` for the first of the longest runs of zeros. */
function hexToIpv6(hex: string): string {
  let text = ':';
  for (let at = 0; at < hex.length; at += 4)
    text += `${Number.parseInt(hex.slice(at, at + 4), 16).toString(16)}:`;
  const zeros = ZEROS.find((run) => text.includes(run));
  if (zeros === undefined) return text.slice(1, -1);
  const short = text.replace(zeros, '::');
  return short.slice(short.startsWith('::') ? 0 : 1, short.endsWith('::') ? undefined : -1);
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
