import { executedPaths } from '../../rke2/requirements.ts';
import { hostCheck } from './check.ts';
import { fileSystemOf } from './file-system-of.ts';

/** RKE2 unpacks its programs below its data directory and runs them there. */
export const noexec = hostCheck('noexec', 'error', ({ facts }, { cluster }) => {
  const prefix = cluster.install.prefix === null ? [] : [cluster.install.prefix];
  const mounts = new Map<string, string>();
  for (const path of [...executedPaths(cluster.dataDir), ...prefix]) {
    const filesystem = fileSystemOf(facts, path);
    if (filesystem?.noexec) mounts.set(filesystem.mountPoint, mounts.get(filesystem.mountPoint) ?? path);
  }
  return [...mounts].map(([mountPoint, path]) => ({
    message: `${mountPoint} is mounted noexec, and RKE2 runs programs from ${path}.`,
    hint: `Take noexec out of its line in /etc/fstab and run \`mount -o remount,exec ${mountPoint}\`, or give ${path} a file system of its own.`,
  }));
});
