import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CommandError } from './log.ts';

const ROUTES = '/proc/net/route';
const ROUTES6 = '/proc/net/ipv6_route';

/**
 * What RKE2 takes when no node-ip is given: the address on the default route's interface and, beside an IPv4 one, the
 * IPv6 one of that family's default route.
 */
export function detectNodeAddresses(): readonly string[] {
  const four = defaultDevice();
  const six = defaultDevice6();
  if (four === undefined && six === undefined) {
    throw new CommandError(`no default routes found in "${ROUTES}" or "${ROUTES6}"`);
  }
  const found = [
    ...(four === undefined ? [] : addressesOn(four).filter(isIPv4).slice(0, 1)),
    ...(six === undefined ? [] : addressesOn(six).filter(isIPv6).slice(0, 1)),
  ];
  if (found.length === 0) throw new CommandError('unable to select an IP from default routes.');
  return found;
}

function addressesOn(device: string): readonly string[] {
  return (networkInterfaces()[device] ?? [])
    .filter((entry) => !entry.internal && !entry.address.startsWith('fe80:'))
    .map((entry) => entry.address);
}

/** The name of the interface that holds the default route, if there is one. */
export function defaultDevice(): string | undefined {
  for (const line of readLines(ROUTES).slice(1)) {
    const [device, destination, , flags, , , , mask] = line.split(/\s+/);
    const isUp = (Number.parseInt(flags ?? '0', 16) & 1) === 1;
    if (destination === '00000000' && mask === '00000000' && isUp) return device;
  }
  return undefined;
}

function defaultDevice6(): string | undefined {
  for (const line of readLines(ROUTES6)) {
    const fields = line.trim().split(/\s+/);
    const device = fields[9];
    if (/^0+$/.test(fields[0] ?? '1') && fields[1] === '00' && device !== 'lo') return device;
  }
  return undefined;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
