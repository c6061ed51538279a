import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export type SudoMode = 'root' | 'nopasswd' | 'password';
export type HostRole = 'node' | 'bastion' | 'lb';

/** One host as it is written down; enough to find and remove everything of it after a crash. */
export interface HostRecord {
  readonly name: string;
  readonly role: HostRole;
  /** Name of the container, unique on this machine; `vb-<machine>` is its end of the wire (at most 15 characters). */
  readonly machine: string;
  readonly address: string;
  readonly address6: string;
  readonly user: string;
  readonly keyPath: string;
  readonly sudoPassword?: string;
}

/** Process that made a lab for itself; the lab is stale once it is gone. */
export interface Owner {
  readonly pid: number;
  readonly startTime: string;
}

/** A path of this machine that every host shows, read only. */
export interface Bind {
  readonly source: string;
  readonly target: string;
}

/** A lab as it is written down in lab.json. */
export interface LabState {
  readonly checkout: string;
  readonly name: string;
  readonly key: string;
  readonly namespace: string;
  readonly directory: string;
  readonly baseTree: string;
  readonly artifacts: string;
  readonly hosts: readonly HostRecord[];
  readonly binds: readonly Bind[];
  /** Absent for labs that live on after the process that made them. */
  readonly owner?: Owner;
}

export const labsDirectory = '/var/lib/rke2ctl-lab';

/** The checkout whose labs these are. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Six hex digits that tell this checkout's lab of this name from every other on the machine. */
export function labKey(name: string): string {
  return createHash('sha256').update(`${checkout}\0${name}`).digest('hex').slice(0, 6);
}

/** The directory of one host's own files inside its lab's. */
export function hostDirectory(state: LabState, host: HostRecord): string {
  return `${state.directory}/hosts/${host.name}`;
}

/** Takes the name for this lab by making its directory; undefined if that is there already. */
export async function claimLab(state: LabState): Promise<boolean> {
  const partial = `${labsDirectory}/.new-${state.key}-${process.pid}`;
  await mkdir(partial, { recursive: true, mode: 0o755 });
  await writeState(partial, state);
  try {
    await rename(partial, state.directory);
    return true;
  } catch {
    await rm(partial, { recursive: true, force: true });
    return false;
  }
}

/** The lab of this key, or undefined if there is none. */
export async function loadLab(key: string): Promise<LabState | undefined> {
  try {
    return JSON.parse(await readFile(`${labsDirectory}/${key}/lab.json`, 'utf8')) as LabState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** All labs that this checkout made and that still leave something on the machine. */
export async function listLabs(): Promise<LabState[]> {
  const labs: LabState[] = [];
  for (const key of await readdir(labsDirectory).catch(() => [])) {
    if (!/^[0-9a-f]{6}$/.test(key)) continue;
    const lab = await loadLab(key);
    if (lab?.checkout === checkout) labs.push(lab);
  }
  return labs;
}

/** This process as an owner of labs. */
export async function currentOwner(): Promise<Owner> {
  return { pid: process.pid, startTime: (await readStartTime(process.pid)) ?? '' };
}

/** Whether the lab belongs to a process that still runs. */
export async function isOwned(state: LabState): Promise<boolean> {
  return state.owner !== undefined && (await readStartTime(state.owner.pid)) === state.owner.startTime;
}

async function readStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program (field 2) may hold spaces and brackets: count from its end. Start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

async function writeState(directory: string, state: LabState): Promise<void> {
  const temporary = `${directory}/.lab.json.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, `${directory}/lab.json`);
}
