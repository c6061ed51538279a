import type { Preparation } from '../domain/cluster.ts';
import type { HostFacts } from '../domain/observed.ts';
import { CIS_SYSCTL_PATH, INOTIFY_SYSCTL_PATH, NETWORK_MANAGER_PATH } from '../rke2/paths.ts';
import { CIS_SYSCTLS, INOTIFY } from '../rke2/requirements.ts';

/** The file that a preparation brings; null where it brings none. */
const FILES: Readonly<Record<Preparation, string | null>> = {
  'network-manager': NETWORK_MANAGER_PATH,
  'cis-sysctl': CIS_SYSCTL_PATH,
  'cis-user': null,
  inotify: INOTIFY_SYSCTL_PATH,
};

/** What a preparation brings, held against what the host has. */
export function isPrepared(preparation: Preparation, facts: HostFacts): boolean {
  switch (preparation) {
    case 'network-manager':
      return facts.networkManager.unmanagedFile;
    case 'cis-sysctl':
      return Object.entries(CIS_SYSCTLS).every(([name, value]) => facts.sysctls[name] === value);
    case 'cis-user':
      return facts.users.etcd;
    case 'inotify':
      return facts.inotify.instances >= INOTIFY.instances && facts.inotify.watches >= INOTIFY.watches;
  }
}

/** The files that these preparations will bring to this host. One that is prepared already brings none: it is not ours. */
export function filesToPrepare(preparations: readonly Preparation[], facts: HostFacts): readonly string[] {
  return preparations.flatMap((preparation) => {
    const file = FILES[preparation];
    return file === null || isPrepared(preparation, facts) ? [] : [file];
  });
}

/** True for files that stay on the host, as its preparation does, also when the file asks for them no more. */
export function isPreparationFile(path: string): boolean {
  return Object.values(FILES).includes(path);
}
