import { readFile, rm } from 'node:fs/promises';
import { killCgroup, removeCgroups } from './cgroups.ts';
import { unmountHostTree } from './host-files.ts';
import { killHost } from './host-process.ts';
import { restoreInotifyLimit } from './inotify-limit.ts';
import type { LabState } from './lab-state.ts';
import { removeNetwork } from './network.ts';

/** Takes away all that a lab put on this machine, also a half-made or half-destroyed one; again is fine. */
export async function destroyLab(state: LabState): Promise<void> {
  await Promise.all(state.hosts.map((host) => killHost(state, host)));
  await killCgroup(state);
  await removeNetwork(state);
  await removeCgroups(state);
  for (const host of state.hosts) await unmountHostTree(state, host);
  await refuseIfMounted(state.directory);
  await rm(state.directory, { recursive: true, force: true });
  await restoreInotifyLimit();
}

/** Removing files through a mount that should be gone would reach what is not the lab's. */
async function refuseIfMounted(directory: string): Promise<void> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const left = lines.flatMap((line) => {
    const mountPoint = line.split(' ')[4];
    return mountPoint?.startsWith(`${directory}/`) ? [mountPoint] : [];
  });
  if (left.length > 0)
    throw new Error(`Still mounted: ${left.join(', ')}. Unmount them (umount), then destroy the lab again.`);
}
