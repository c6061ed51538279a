import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { setFrozen } from './cgroups.ts';
import { mustRun, runCommand } from './command.ts';
import { type FaultKind, type FaultRecord, readFaults, writeFaults } from './fault-records.ts';
import { makeSshHostKeys } from './host-files.ts';
import { execInHost, findInit, killHost, mustExecInHost, startHost, waitForHost } from './host-process.ts';
import { type HostRecord, hostDirectory, type LabState } from './lab-state.ts';
import { wireOf } from './network.ts';
import { waitForSsh } from './ssh-access.ts';
import { applyTrafficRules } from './traffic-rules.ts';
import { setWrongClock } from './wrong-clock.ts';

export type { FaultKind } from './fault-records.ts';

/** One kind of fault: how it comes and how it goes. */
interface Fault {
  /** What the argument says and what it is if none is given; without this the kind takes none. */
  readonly argument?: { readonly pattern: RegExp; readonly means: string; readonly fallback?: string };
  inject(state: LabState, host: HostRecord, argument: string): Promise<void>;
  heal(state: LabState, host: HostRecord, argument: string): Promise<void>;
  /** Lost when the host loses power, so it is done again at the next boot: the cause is outside the host. */
  readonly isRedoneAtBoot?: boolean;
  /** It happens and is over; there is nothing to write down. */
  readonly isMoment?: boolean;
}

const nothing = async (): Promise<void> => undefined;
const port = { pattern: /^\d{1,5}$/, means: 'a port number' };

const catalog: Readonly<Record<FaultKind, Fault>> = {
  'link-down': {
    inject: (state, host) => setLink(state, host, 'down'),
    heal: (state, host) => setLink(state, host, 'up'),
    isRedoneAtBoot: true,
  },
  slow: {
    argument: { pattern: /^\d+(bit|kbit|mbit|gbit)$/, means: 'a rate such as 512kbit', fallback: '1mbit' },
    inject: limitRate,
    heal: async (state, host) => {
      await runCommand(['tc', '-n', state.namespace, 'qdisc', 'del', 'dev', wireOf(host), 'root']);
      if ((await findInit(state, host)) !== undefined)
        await execInHost(state, host, ['tc', 'qdisc', 'del', 'dev', 'host0', 'root']);
    },
    isRedoneAtBoot: true,
  },
  // These three are rules on the bridge, worked out from what is written down.
  loss: {
    argument: { pattern: /^[1-9]\d?$/, means: 'a percentage from 1 to 99', fallback: '20' },
    inject: nothing,
    heal: nothing,
  },
  'drop-port': {
    argument: { pattern: /^\d{1,5}(\/(tcp|udp))?$/, means: 'a port such as 9345 or 8472/udp' },
    inject: nothing,
    heal: nothing,
  },
  partition: {
    argument: { pattern: /^[a-z0-9,]*$/, means: 'hosts to cut off, such as node1,node2', fallback: '' },
    inject: nothing,
    heal: nothing,
  },
  'kill-sshd': {
    inject: async (state, host) => {
      await mustExecInHost(state, host, ['pkill', '-KILL', '-x', 'sshd']);
    },
    heal: nothing,
    isMoment: true,
  },
  'power-off': { inject: powerOffHost, heal: powerOnHost, isMoment: true },
  freeze: {
    inject: (state, host) => setFrozen(state, host, true),
    heal: (state, host) => setFrozen(state, host, false),
  },
  'full-disk': {
    argument: { pattern: /^\d+[km]$/, means: "the disk's size such as 16m", fallback: '16m' },
    inject: mountSmallDisk,
    heal: unmountSmallDisk,
    isRedoneAtBoot: true,
  },
  'host-key': { inject: changeHostKey, heal: restoreHostKey },
  'readonly-usr-local': {
    inject: async (state, host) => {
      await mustExecInHost(state, host, ['mount', '--bind', '/usr/local', '/usr/local']);
      await mustExecInHost(state, host, ['mount', '-o', 'remount,ro,bind', '/usr/local']);
    },
    heal: async (state, host) => {
      await execInHost(state, host, ['umount', '/usr/local']);
    },
    isRedoneAtBoot: true,
  },
  clock: {
    argument: { pattern: /^[+-]\d+[smhd]?$/, means: 'an offset such as +10s', fallback: '+10s' },
    inject: (state, host, offset) => setWrongClock(state, host, offset),
    heal: (state, host) => setWrongClock(state, host, undefined),
  },
  'port-taken': {
    argument: port,
    inject: takePort,
    heal: async (state, host, taken) => {
      await execInHost(state, host, ['systemctl', 'stop', `port-taken-${taken}.service`]);
    },
    isRedoneAtBoot: true,
  },
};

/** Makes something go wrong on a host. It stays so until it is healed, over a reboot too where the cause would. */
export async function injectFault(
  state: LabState,
  host: HostRecord,
  kind: FaultKind,
  argument?: string,
): Promise<void> {
  const fault = catalog[kind];
  const value = checkArgument(kind, argument);
  await fault.inject(state, host, value);
  if (fault.isMoment) return;
  const others = (await readFaults(state, host)).filter((other) => !isSame(other, kind, value));
  await writeFaults(state, host, [...others, { kind, ...(value === '' ? {} : { argument: value }) }]);
  await applyTrafficRules(state);
}

/** Undoes all faults of one kind, or of every kind; then a host that is off is switched on, too. */
export async function healFault(state: LabState, host: HostRecord, kind?: FaultKind): Promise<void> {
  const present = await readFaults(state, host);
  const toHeal = present.filter((fault) => kind === undefined || fault.kind === kind);
  const left = present.filter((fault) => !toHeal.includes(fault));
  for (const fault of toHeal.reverse()) {
    if ((await findInit(state, host)) !== undefined || !catalog[fault.kind].isRedoneAtBoot)
      await catalog[fault.kind].heal(state, host, fault.argument ?? '');
  }
  await writeFaults(state, host, left);
  await applyTrafficRules(state);
  if (kind === undefined || kind === 'power-off') await powerOnHost(state, host);
  else if (catalog[kind].isMoment) await catalog[kind].heal(state, host, '');
}

/** Pulls the plug. Fine on a host that is off. */
export async function powerOffHost(state: LabState, host: HostRecord): Promise<void> {
  await killHost(state, host);
}

/** Boots a host that is off, with the faults it had, and waits until it answers (SSH too, if its faults let it). */
export async function powerOnHost(state: LabState, host: HostRecord): Promise<void> {
  if ((await findInit(state, host)) !== undefined) return;
  await startHost(state, host);
  await waitForHost(state, host);
  const faults = await readFaults(state, host);
  for (const { kind, argument = '' } of faults)
    if (catalog[kind].isRedoneAtBoot) await catalog[kind].inject(state, host, argument);
  const cutsSsh = (fault: FaultRecord): boolean =>
    ['link-down', 'drop-port', 'partition', 'freeze'].includes(fault.kind);
  if (!faults.some(cutsSsh)) await waitForSsh(state, host);
}

function checkArgument(kind: FaultKind, given: string | undefined): string {
  const { argument } = catalog[kind];
  if (argument === undefined) {
    if (given === undefined) return '';
    throw new Error(`The fault '${kind}' takes no argument; '${given}' was given.`);
  }
  const value = given ?? argument.fallback;
  if (value === undefined) throw new Error(`The fault '${kind}' needs ${argument.means}.`);
  if (!argument.pattern.test(value))
    throw new Error(`The fault '${kind}' needs ${argument.means}; '${value}' is none.`);
  return value;
}

function isSame(fault: FaultRecord, kind: FaultKind, value: string): boolean {
  const canBeThereTwice = kind === 'drop-port' || kind === 'port-taken';
  return fault.kind === kind && (!canBeThereTwice || fault.argument === value);
}

/** The plug of the network cable, at the machine's end: the host sees its carrier go. */
async function setLink(state: LabState, host: HostRecord, direction: 'up' | 'down'): Promise<void> {
  await mustRun(['ip', '-n', state.namespace, 'link', 'set', wireOf(host), direction]);
}

/** The same rate both ways. Plain token buckets, as not every kernel has netem. */
async function limitRate(state: LabState, host: HostRecord, rate: string): Promise<void> {
  const bucket = ['root', 'tbf', 'rate', rate, 'burst', '32kb', 'latency', '400ms'];
  await mustRun(['tc', '-n', state.namespace, 'qdisc', 'replace', 'dev', wireOf(host), ...bucket]);
  await mustExecInHost(state, host, ['tc', 'qdisc', 'replace', 'dev', 'host0', ...bucket]);
}

const smallDisk = '/var/lib/rancher';

async function mountSmallDisk(state: LabState, host: HostRecord, size: string): Promise<void> {
  const files = await execInHost(state, host, ['find', smallDisk, '-type', 'f', '-print', '-quit']);
  if (files.stdout !== '')
    throw new Error(
      `The fault 'full-disk' lays a small disk over ${smallDisk}, but ${host.name} keeps files there already; ` +
        'inject it before RKE2 is installed.',
    );
  const made = (await execInHost(state, host, ['mkdir', smallDisk])).exitCode === 0;
  if (made) await writeFile(`${hostDirectory(state, host)}/made-small-disk`, '');
  await mustExecInHost(state, host, [
    'mount',
    '-t',
    'tmpfs',
    '-o',
    `size=${size},mode=755`,
    'tmpfs',
    smallDisk,
  ]);
}

/** The files that found room stay, on the host's own disk, as if it had been made larger. */
async function unmountSmallDisk(state: LabState, host: HostRecord): Promise<void> {
  const directory = hostDirectory(state, host);
  const init = await findInit(state, host);
  if ((await execInHost(state, host, ['mountpoint', '-q', smallDisk])).exitCode !== 0) return;
  const underneath = `${directory}/var-lib/rancher`;
  await mustRun(['cp', '-a', `/proc/${init}/root${smallDisk}/.`, underneath]);
  await mustExecInHost(state, host, ['umount', '--lazy', smallDisk]);
  const flag = `${directory}/made-small-disk`;
  // Gone again if it was the fault that made it and nobody has put anything into it.
  if ((await runCommand(['test', '-e', flag])).exitCode === 0) await runCommand(['rmdir', underneath]);
  await rm(flag, { force: true });
}

async function changeHostKey(state: LabState, host: HostRecord): Promise<void> {
  const ssh = `${hostDirectory(state, host)}/root/etc/ssh`;
  const kept = `${hostDirectory(state, host)}/ssh-before`;
  if ((await runCommand(['test', '-d', kept])).exitCode !== 0) {
    await mkdir(`${kept}.partial`, { recursive: true });
    await cp(ssh, `${kept}.partial`, { recursive: true, preserveTimestamps: true });
    await mustRun(['mv', `${kept}.partial`, kept]);
  }
  await makeSshHostKeys(ssh);
  await mustExecInHost(state, host, ['systemctl', 'restart', 'ssh.service']);
}

async function restoreHostKey(state: LabState, host: HostRecord): Promise<void> {
  const kept = `${hostDirectory(state, host)}/ssh-before`;
  const ssh = `${hostDirectory(state, host)}/root/etc/ssh`;
  await mustRun(['sh', '-c', 'cp -a "$1"/ssh_host_* "$2"/', 'restore', kept, ssh]);
  await rm(kept, { recursive: true });
  if ((await findInit(state, host)) !== undefined)
    await mustExecInHost(state, host, ['systemctl', 'restart', 'ssh.service']);
}

const listener = `import os, socket, sys, time
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", int(sys.argv[1])))
s.listen()
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(10**9)`;

/** A program that has nothing to do with RKE2 listens on the port. */
async function takePort(state: LabState, host: HostRecord, taken: string): Promise<void> {
  const unit = ['--quiet', '--collect', `--unit=port-taken-${taken}`, '--property=Type=notify'];
  await mustExecInHost(state, host, ['systemd-run', ...unit, '/usr/bin/python3', '-c', listener, taken]);
}
