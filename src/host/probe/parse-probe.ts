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
import { isActive, parseUnits, type UnitProperties, unitProperty } from './parse-units.ts';
import { type ProbeOutput, readProbeOutput } from './probe-output.ts';
import { PROBED_SYSCTLS } from './text-questions.ts';

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
  const units = parseUnits(output.text('units'));
  const commands = output.lines('commands');
  const paths = output.lines('paths');
  return {
    hostname: output.word('/proc/sys/kernel/hostname'),
    machineId: output.word('/etc/machine-id'),
    bootId: output.word('/proc/sys/kernel/random/boot_id'),
    hostKey: meta.hostKey,
    arch: releaseArchitecture(output.word('/proc/sys/kernel/arch') || (output.lines('arch')[0] ?? '')),
    os: readOs(output),
    kernel: output.word('/proc/sys/kernel/osrelease'),
    clockOffsetMs: clockOffset(output.lines('time')[0] ?? '', meta),
    cpus: countCpus(output.word('/sys/devices/system/cpu/online')),
    memoryBytes: readMemory(output, 'MemTotal:'),
    swapBytes: readMemory(output, 'SwapTotal:'),
    systemd: paths.includes('/run/systemd/system'),
    cgroup: readCgroup(output),
    addresses: parseAddresses(output.lines('addresses')),
    routes: [
      ...parseRoutes4(output.file('/proc/net/route') ?? []),
      ...parseRoutes6(output.file('/proc/net/ipv6_route') ?? []),
    ],
    listening: output.has('ss') ? parseSs(output.lines('ss')) : parseSockets(output.lines('sockets')),
    filesystems: parseFilesystems(output.lines('ask'), output.lines('df'), output.lines('mounts')),
    commands,
    selinux: readSelinux(output.word('/sys/fs/selinux/enforce')),
    rke2Selinux: paths.some((path) => /\/rke2\.pp[^/]*$|\/modules\/.*\/rke2$/.test(path)),
    apparmor: {
      enabled: output.word('/sys/module/apparmor/parameters/enabled') === 'Y',
      parser: commands.includes('apparmor_parser'),
    },
    networkManager: {
      active: isActive(units.get('NetworkManager.service')),
      unmanagedFile: output.lines('unmanaged').length > 0,
      cloudSetup: isOn(units.get('nm-cloud-setup.service')) || isOn(units.get('nm-cloud-setup.timer')),
    },
    fapolicyd: isActive(units.get('fapolicyd.service')),
    nameservers: parseNameservers(
      output.file('/etc/resolv.conf'),
      output.file('/run/systemd/resolve/resolv.conf'),
    ),
    inotify: {
      instances: Number(output.word('/proc/sys/fs/inotify/max_user_instances')),
      watches: Number(output.word('/proc/sys/fs/inotify/max_user_watches')),
    },
    sysctls: readSysctls(output),
    users: { etcd: output.entry('/etc/passwd', '') !== null && output.entry('/etc/group', '') !== null },
    rke1: parseRke1(output, isActive(units.get('docker.service'))),
    firewall: readFirewall(output, units),
    fsyncMs: readFsync(output.lines('fsync')),
    resolved: readResolved(output),
    rke2: parseRke2(output, units, meta.dataDir ?? DATA_DIR),
  };
}

function readOs(output: ProbeOutput): HostFacts['os'] {
  const value = (key: string): string => unquote(output.entry('/etc/os-release', `${key}=`) ?? '');
  return {
    id: value('ID') || 'linux',
    versionId: value('VERSION_ID'),
    idLike: value('ID_LIKE').split(' ').filter(Boolean),
    name: value('PRETTY_NAME') || value('NAME'),
  };
}

/** os-release's values may stand in quotes, as in a shell. */
function unquote(written: string): string {
  const first = written.charAt(0);
  const isQuoted = written.length > 1 && (first === '"' || first === "'") && written.endsWith(first);
  const text = isQuoted ? written.slice(1, -1) : written;
  return text.includes('\\') ? text.replace(/\\([$"\\`])/g, '$1') : text;
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
  let count = 0;
  for (const range of list.split(',')) {
    const dash = range.indexOf('-');
    count += dash < 0 ? 1 : Number(range.slice(dash + 1)) - Number(range.slice(0, dash)) + 1;
  }
  return count;
}

/** /proc/meminfo counts in kB. */
function readMemory(output: ProbeOutput, start: string): number {
  return (Number.parseInt(output.entry('/proc/meminfo', start) ?? '', 10) || 0) * 1024;
}

function readCgroup(output: ProbeOutput): HostFacts['cgroup'] {
  const unified = output.entry('/sys/fs/cgroup/cgroup.controllers', '');
  if (unified !== null) return { version: 2, controllers: unified.split(' ').filter(Boolean) };
  const controllers: string[] = [];
  for (const line of output.file('/proc/cgroups') ?? []) {
    const fields = line.split('\t');
    if (fields[3] === '1' && fields[1] !== '0') controllers.push(fields[0] ?? '');
  }
  return { version: 1, controllers };
}

function readSelinux(enforce: string): HostFacts['selinux'] {
  return enforce === '1' ? 'enforcing' : enforce === '0' ? 'permissive' : 'disabled';
}

function isOn(unit: UnitProperties | undefined): boolean {
  return isActive(unit) || unitProperty(unit, 'UnitFileState') === 'enabled';
}

function readSysctls(output: ProbeOutput): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of PROBED_SYSCTLS) {
    const value = output.entry(`/proc/sys/${name}`, '');
    if (value !== null) values[name.replace('/', '.')] = value.trim();
  }
  return values;
}

function readFirewall(output: ProbeOutput, units: ReadonlyMap<string, UnitProperties>): FirewallFacts {
  if (!isActive(units.get('firewalld.service'))) return { provider: 'none' };
  const paths = output.paths().filter((path) => path.includes('/firewalld/'));
  return parseFirewalld(new Map(paths.map((path) => [path, output.file(path) ?? []])));
}

/** dd says `… copied, 0.0012 s, …` for four writes each time. */
function readFsync(lines: readonly string[]): number | null {
  if (lines.length === 0) return null;
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
