import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostRecord, LabState } from './lab-state.ts';

interface Hierarchy {
  readonly mountPoint: string;
  readonly isUnified: boolean;
}

/** Whether this machine still has cgroup v1 hierarchies, which systemd in the hosts must then be told to use. */
export async function hasCgroupV1(): Promise<boolean> {
  return (await readHierarchies()).some((hierarchy) => !hierarchy.isUnified);
}

/** Makes the host's own cgroup in every hierarchy and gives their directories. In one common tree hosts fail to boot. */
export async function makeHostCgroups(state: LabState, host: HostRecord): Promise<string[]> {
  const directories: string[] = [];
  for (const { mountPoint } of await readHierarchies()) {
    const lab = `${mountPoint}/${labCgroup(state)}`;
    const directory = `${lab}/${host.machine}`;
    await mkdir(directory, { recursive: true });
    for (const child of [lab, directory]) await copyCpuset(mountPoint, child);
    for (const parent of [mountPoint, lab]) await delegateControllers(parent);
    directories.push(directory);
  }
  return directories;
}

/** The directories a process must join to be in the same cgroups as the host's PID 1. */
export async function findInitCgroups(state: LabState, host: HostRecord): Promise<string[]> {
  const directories: string[] = [];
  for (const { mountPoint } of await readHierarchies()) {
    const own = `${mountPoint}/${labCgroup(state)}/${host.machine}`;
    for (const candidate of [`${own}/payload/init.scope`, `${own}/payload`, own])
      if (await isThere(candidate)) {
        directories.push(candidate);
        break;
      }
  }
  return directories;
}

/** Kills every process in the cgroups of a host (or of the whole lab); they are ours, whoever started them. */
export async function killCgroup(state: LabState, host?: HostRecord): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const pids = new Set<number>();
    for (const directory of await labDirectories(state, host))
      for (const pid of await readPids(directory)) pids.add(pid);
    pids.delete(process.pid);
    if (pids.size === 0) return;
    for (const pid of pids) killQuietly(pid);
    await sleep(50);
  }
  throw new Error(
    `Processes in the cgroup ${labCgroup(state)} do not die; look at them with 'systemd-cgls' and try again.`,
  );
}

/** Removes the lab's cgroups. They must be empty of processes. */
export async function removeCgroups(state: LabState): Promise<void> {
  for (const directory of await labDirectories(state)) await rmdir(directory);
}

/** Stops all processes of the host in their tracks, or lets them go on. No cgroup of it: nothing to do. */
export async function setFrozen(state: LabState, host: HostRecord, isFrozen: boolean): Promise<void> {
  for (const { mountPoint } of await readHierarchies()) {
    const own = `${mountPoint}/${labCgroup(state)}/${host.machine}`;
    if (await isThere(`${own}/freezer.state`))
      await writeFile(`${own}/freezer.state`, isFrozen ? 'FROZEN' : 'THAWED');
    else if (await isThere(`${own}/cgroup.freeze`))
      await writeFile(`${own}/cgroup.freeze`, isFrozen ? '1' : '0');
  }
}

function labCgroup(state: LabState): string {
  return `rke2ctl-lab-${state.key}`;
}

/** Directories of the lab's cgroups, deepest first. */
async function labDirectories(state: LabState, host?: HostRecord): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) return;
    for (const entry of entries) if (entry.isDirectory()) await walk(`${directory}/${entry.name}`);
    found.push(directory);
  };
  for (const { mountPoint } of await readHierarchies())
    await walk([mountPoint, labCgroup(state), ...(host === undefined ? [] : [host.machine])].join('/'));
  return found;
}

async function readHierarchies(): Promise<Hierarchy[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const type = right.split(' ')[0] ?? '';
    const mountPoint = left.split(' ')[4];
    if (mountPoint === undefined || !['cgroup', 'cgroup2'].includes(type)) return [];
    // Hosts of labs show their own mounts of the same hierarchies below other roots; ours are the machine's.
    return mountPoint.startsWith('/sys/fs/cgroup') ? [{ mountPoint, isUnified: type === 'cgroup2' }] : [];
  });
}

/** A cpuset without processors and memory nodes takes no process; new ones of v1 begin empty. */
async function copyCpuset(mountPoint: string, directory: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const current = await readFile(`${directory}/${file}`, 'utf8').catch(() => undefined);
    if (current === undefined || current.trim() !== '') continue;
    const value = await readFile(`${mountPoint}/${file}`, 'utf8').catch(() => undefined);
    if (value !== undefined) await writeFile(`${directory}/${file}`, value);
  }
}

/** On v2 a child sees only the controllers its parent hands down; what cannot be handed down stays away. */
async function delegateControllers(directory: string): Promise<void> {
  const available = await readFile(`${directory}/cgroup.controllers`, 'utf8').catch(() => '');
  for (const controller of available.split(/\s+/).filter(Boolean))
    await writeFile(`${directory}/cgroup.subtree_control`, `+${controller}`).catch(() => undefined);
}

async function readPids(directory: string): Promise<number[]> {
  const text = await readFile(`${directory}/cgroup.procs`, 'utf8').catch(() => '');
  // A process of a foreign pid namespace reads as 0, and a signal to 0 would be one to ourselves.
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
