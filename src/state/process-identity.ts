import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ProcessIdentity } from './lock-holder.ts';

/** The identity of this very process. What the system does not tell (another one than Linux) is null. */
export async function readProcessIdentity(): Promise<ProcessIdentity> {
  return {
    ...(await readSurroundings()),
    pid: process.pid,
    processStart: (await readProcess(process.pid))?.start ?? null,
  };
}

/**
 * Whether a process that once wrote down its identity still runs. `dead` is proven: it was on this machine, and this
 * machine has booted since, or its pid is free, or another process has it. All that cannot be proven is `unknown`.
 */
export async function judgeHolder(holder: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  const here = await readSurroundings();
  if (holder.host !== here.host || holder.machineId !== here.machineId) return 'unknown';
  if (holder.bootId !== null && here.bootId !== null && holder.bootId !== here.bootId) {
    // Without machine-ids it could be another machine of the same name, on a shared folder.
    return holder.machineId === null ? 'unknown' : 'dead';
  }
  // In another pid namespace (a container) the number means another process, or none.
  if (holder.bootId !== here.bootId || holder.pidNamespace !== here.pidNamespace) return 'unknown';
  if (!isRunning(holder.pid)) return 'dead';
  const now = await readProcess(holder.pid);
  if (now === null || holder.processStart === null) return 'unknown';
  return now.start === holder.processStart && !now.hasEnded ? 'alive' : 'dead';
}

type Surroundings = Pick<ProcessIdentity, 'host' | 'machineId' | 'bootId' | 'pidNamespace'>;

async function readSurroundings(): Promise<Surroundings> {
  return {
    host: hostname(),
    machineId: await readTrimmed('/etc/machine-id'),
    bootId: await readTrimmed('/proc/sys/kernel/random/boot_id'),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => null),
  };
}

/** From /proc/PID/stat: its start (field 22), and whether it is a zombie that nobody has waited for (field 3). */
async function readProcess(
  pid: number,
): Promise<{ readonly start: string; readonly hasEnded: boolean } | null> {
  const line = await readTrimmed(`/proc/${pid}/stat`);
  if (line === null) return null;
  // The command's name before it may hold blanks and parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const start = fields[19];
  return start === undefined ? null : { start, hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
}

async function readTrimmed(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
