import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CommandError } from './log.ts';

const ROUTES = '/proc/net/route';
const ROUTES6 = '/proc/net/ipv6_route';

/** The addresses of the interface that holds the default route, IPv4 first; what RKE2 takes when no node-ip is given. */
export function detectNodeAddresses(): readonly string[] {
  const device = defaultDevice() ?? defaultDevice6();
  if (device === undefined) {
    throw new CommandError(`no default routes found in "${ROUTES}" or "${ROUTES6}"`);
  }
  const addresses = networkInterfaces()[device] ?? [];
  const usable = addresses.filter((entry) => !entry.internal && !entry.address.startsWith('fe80:'));
  const first =
    usable.find((entry) => defaultDevice() !== undefined && isIPv4(entry.address)) ??
    usable.find((entry) => isIPv6(entry.address)) ??
    usable[0];
  if (first === undefined) throw new CommandError('unable to select an IP from default routes.');
  return [first.address];
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
