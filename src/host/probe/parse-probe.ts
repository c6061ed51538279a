import type { FirewallFacts, HostFacts } from '../../domain/observed.ts';
import { DATA_DIR } from '../../rke2/paths.ts';
import { RELEASE_ARCHITECTURES } from '../../rke2/requirements.ts';
import { parseFilesystems } from './parse-filesystems.ts';
import { parseFirewalld } from './parse-firewalld.ts';
import {
  parseAddresses,
  parseNameservers,
  parseRoutes4,
  parseRoutes6,
  parseSockets,
  parseSs,
} from './parse-network.ts';
import { parseRke1 } from './parse-rke1.ts';
import { parseRke2 } from './parse-rke2.ts';
import { isActive, parseUnits, type UnitProperties } from './parse-units.ts';
import { type ProbeOutput, readProbeOutput } from './probe-output.ts';

/** What the answer itself does not tell. Times in milliseconds of the operator's clock. */
export interface ProbeMeta {
  readonly mark: string;
  /** When the script went out, and when its first answer came. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly hostKey: string | null;
  readonly dataDir?: string | undefined;
}

/** Releases have names of their own for architectures; one that RKE2 is not released for keeps the kernel's. */
function releaseArchitecture(machine: string): string {
  return RELEASE_ARCHITECTURES.get(machine) ?? machine;
}

/** Facts from the probe's answer. Throws (code `probe-incomplete`) when it was cut off. */
export function parseProbe(text: string, meta: ProbeMeta): HostFacts {
  const output = readProbeOutput(text, meta.mark);
  const units = parseUnits(output.lines('units'));
  return {
    hostname: output.word('/proc/sys/kernel/hostname'),
    machineId: output.word('/etc/machine-id'),
    bootId: output.word('/proc/sys/kernel/random/boot_id'),
    hostKey: meta.hostKey,
    arch: releaseArchitecture(output.word('/proc/sys/kernel/arch') || (output.lines('arch')[0] ?? '')),
    os: parseOsRelease(output.file('/etc/os-release') ?? []),
    kernel: output.word('/proc/sys/kernel/osrelease'),
    clockOffsetMs: clockOffset(output.lines('time')[0] ?? '', meta),
    cpus: countCpus(output.word('/sys/devices/system/cpu/online')),
    ...readMemory(output),
    systemd: output.lines('paths').includes('/run/systemd/system'),
    cgroup: readCgroup(output),
    ...readNetwork(output),
    filesystems: parseFilesystems(output.lines('ask'), output.lines('df'), output.lines('mounts')),
    commands: output.lines('commands'),
    ...readSecurity(output, units),
    networkManager: {
      active: isActive(units.get('NetworkManager.service')),
      unmanagedFile: output.lines('unmanaged').length > 0,
      cloudSetup: ['nm-cloud-setup.service', 'nm-cloud-setup.timer'].some((name) => isOn(units.get(name))),
    },
    inotify: {
      instances: Number(output.word('/proc/sys/fs/inotify/max_user_instances')),
      watches: Number(output.word('/proc/sys/fs/inotify/max_user_watches')),
    },
    sysctls: readSysctls(output),
    users: { etcd: output.file('/etc/passwd') !== null && output.file('/etc/group') !== null },
    rke1: parseRke1(output, isActive(units.get('docker.service'))),
    firewall: readFirewall(output, units),
    fsyncMs: readFsync(output.lines('fsync')),
    resolved: readResolved(output),
    rke2: parseRke2(output, units, meta.dataDir ?? DATA_DIR),
  };
}

/** /etc/os-release; values may stand in quotes. */
export function parseOsRelease(lines: readonly string[]): HostFacts['os'] {
  const value = (key: string): string => {
    const line = lines.find((candidate) => candidate.startsWith(`${key}=`)) ?? '';
    return line
      .slice(key.length + 1)
      .replace(/^(["'])(.*)\1$/, '$2')
      .replace(/\\([$"\\`])/g, '$1');
  };
  return {
    id: value('ID') || 'linux',
    versionId: value('VERSION_ID'),
    idLike: value('ID_LIKE').split(/\s+/).filter(Boolean),
    name: value('PRETTY_NAME') || value('NAME'),
  };
}

/** Host clock minus the operator's, taken to have been read half-way between question and answer. */
function clockOffset(line: string, meta: ProbeMeta): number {
  const [seconds, fraction = ''] = line.trim().split('.');
  const subsecond = /^\d+$/.test(fraction) ? Number(`0.${fraction}`) : 0.5;
  const hostMs = (Number(seconds) + subsecond) * 1000;
  return Math.round(hostMs - (meta.sentAtMs + meta.answeredAtMs) / 2);
}

/** `0-3,8` is five. */
function countCpus(list: string): number {
  return list
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

function readMemory(output: ProbeOutput): { memoryBytes: number; swapBytes: number } {
  const bytes = (key: string): number => {
    const line = output.file('/proc/meminfo')?.find((candidate) => candidate.startsWith(`${key}:`));
    return Number(/\d+/.exec(line ?? '')?.[0] ?? 0) * 1024;
  };
  return { memoryBytes: bytes('MemTotal'), swapBytes: bytes('SwapTotal') };
}

function readCgroup(output: ProbeOutput): HostFacts['cgroup'] {
  const unified = output.file('/sys/fs/cgroup/cgroup.controllers');
  if (unified !== null) return { version: 2, controllers: (unified[0] ?? '').split(' ').filter(Boolean) };
  const controllers = (output.file('/proc/cgroups') ?? []).flatMap((line) => {
    const [name = '', hierarchy, , enabled] = line.split('\t');
    return enabled === '1' && hierarchy !== '0' ? [name] : [];
  });
  return { version: 1, controllers };
}

function readNetwork(
  output: ProbeOutput,
): Pick<HostFacts, 'addresses' | 'routes' | 'listening' | 'nameservers'> {
  return {
    addresses: parseAddresses(output.lines('addresses')),
    routes: [
      ...parseRoutes4(output.file('/proc/net/route') ?? []),
      ...parseRoutes6(output.file('/proc/net/ipv6_route') ?? []),
    ],
    listening: output.has('ss') ? parseSs(output.lines('ss')) : parseSockets(output.lines('sockets')),
    nameservers: parseNameservers(
      output.file('/etc/resolv.conf'),
      output.file('/run/systemd/resolve/resolv.conf'),
    ),
  };
}

function readSecurity(
  output: ProbeOutput,
  units: ReadonlyMap<string, UnitProperties>,
): Pick<HostFacts, 'selinux' | 'rke2Selinux' | 'apparmor' | 'fapolicyd'> {
  const enforce = output.word('/sys/fs/selinux/enforce');
  return {
    selinux: enforce === '1' ? 'enforcing' : enforce === '0' ? 'permissive' : 'disabled',
    rke2Selinux: output.lines('paths').some((path) => /\/rke2\.pp[^/]*$|\/modules\/.*\/rke2$/.test(path)),
    apparmor: {
      enabled: output.word('/sys/module/apparmor/parameters/enabled') === 'Y',
      parser: output.lines('commands').includes('apparmor_parser'),
    },
    fapolicyd: isActive(units.get('fapolicyd.service')),
  };
}

function isOn(unit: UnitProperties | undefined): boolean {
  return isActive(unit) || unit?.['UnitFileState'] === 'enabled';
}

function readSysctls(output: ProbeOutput): Record<string, string> {
  const prefix = '/proc/sys/';
  const own = output.paths.filter((path) => /^\/proc\/sys\/(vm|kernel\/panic)/.test(path));
  return Object.fromEntries(
    own.map((path) => [path.slice(prefix.length).replaceAll('/', '.'), output.word(path)]),
  );
}

function readFirewall(output: ProbeOutput, units: ReadonlyMap<string, UnitProperties>): FirewallFacts {
  if (!isActive(units.get('firewalld.service'))) return { provider: 'none' };
  const paths = output.paths.filter((path) => path.includes('/firewalld/'));
  return parseFirewalld(new Map(paths.map((path) => [path, output.file(path) ?? []])));
}

/** dd says `… copied, 0.0012 s, …` for four writes each time. */
function readFsync(lines: readonly string[]): number | null {
  const seconds = lines.flatMap((line) => /copied, ([\d.e+-]+) s/.exec(line)?.[1] ?? []).map(Number);
  if (seconds.length === 0) return null;
  const sorted = seconds.sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (median * 1000) / FSYNC_WRITES;
}

const FSYNC_WRITES = 4;

function readResolved(output: ProbeOutput): Record<string, readonly string[]> {
  return Object.fromEntries(
    output.all('resolve').map(({ lines }) => {
      const [name = '', ...answers] = lines;
      const addresses = answers.map((line) => line.split(/\s+/)[0] ?? '').filter(Boolean);
      return [name, [...new Set(addresses)]];
    }),
  );
}
