import type { Cni } from '../../domain/cluster.ts';
import { NETWORK_MANAGER_PATH } from '../../rke2/paths.ts';
import { hostCheck } from './check.ts';

const MANAGED: readonly Cni[] = ['canal', 'calico', 'flannel'];

/** NetworkManager takes the CNI's interfaces for its own and rewrites their routes. */
export const networkManager = hostCheck('network-manager', 'warning', ({ facts }, { cluster }) => {
  const { active, unmanagedFile } = facts.networkManager;
  if (!active || unmanagedFile || cluster.prepare.includes('network-manager')) return null;
  const cni = cluster.network.cni.find((each) => MANAGED.includes(each));
  if (cni === undefined) return null;
  return {
    message: `NetworkManager runs and is not told to keep off the interfaces of ${cni}: it changes their routes, and pods lose their network.`,
    hint: `Write \`prepare: [network-manager]\` to have ${NETWORK_MANAGER_PATH} written, or write it yourself (unmanaged-devices) and reload NetworkManager. If RKE2 ran here before, reboot after it.`,
  };
});
