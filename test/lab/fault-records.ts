import { readFile, writeFile } from 'node:fs/promises';
import { type HostRecord, hostDirectory, type LabState } from './lab-state.ts';

/** Everything that can be made to go wrong on a lab host. */
export const faultKinds = [
  'link-down',
  'slow',
  'loss',
  'drop-port',
  'partition',
  'kill-sshd',
  'power-off',
  'freeze',
  'full-disk',
  'host-key',
  'readonly-usr-local',
  'clock',
  'port-taken',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** A fault that is on a host until it is healed. */
export interface FaultRecord {
  readonly kind: FaultKind;
  readonly argument?: string;
}

/** The host's present faults, in the order in which they came. */
export async function readFaults(state: LabState, host: HostRecord): Promise<readonly FaultRecord[]> {
  try {
    return JSON.parse(await readFile(recordsPath(state, host), 'utf8')) as FaultRecord[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes down the host's faults, so that another process (or the next boot) knows of them. */
export async function writeFaults(
  state: LabState,
  host: HostRecord,
  faults: readonly FaultRecord[],
): Promise<void> {
  await writeFile(recordsPath(state, host), `${JSON.stringify(faults)}\n`);
}

function recordsPath(state: LabState, host: HostRecord): string {
  return `${hostDirectory(state, host)}/faults.json`;
}
