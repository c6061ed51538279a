import type { Rke1Facts } from '../../domain/observed.ts';
import { type Complaint, hostCheck } from './check.ts';

/** Paths that RKE2 would stumble over; the others merely lie about. */
const NETWORK = /^\/etc\/cni\//;
const PODS = '/var/lib/kubelet/pods';

/** What RKE1 or Docker left holds the very ports, networks and directories that RKE2 needs. */
export const rke1Leftovers = hostCheck('rke1-leftovers', 'error', ({ facts, ours, hasRke2 }) => {
  if (ours && hasRke2) return null;
  const { rke1 } = facts;
  return [...containers(rke1), ...network(rke1), ...volumes(rke1)];
});

/** What RKE1 left and RKE2 does not look at: old keys, old data. */
export const rke1Remains = hostCheck('rke1-remains', 'warning', ({ facts, ours, hasRke2 }) => {
  const { docker, paths } = facts.rke1;
  const rest = paths.filter((path) => !NETWORK.test(path) && path !== PODS);
  if (rest.length === 0 || (ours && hasRke2)) return null;
  const runs = docker ? ' Docker runs here as well, which RKE2 does without.' : '';
  return {
    message: `Left of an older cluster: ${rest.join(', ')}. RKE2 does not look at them, but they may hold that cluster’s keys and data.${runs}`,
    hint: `When nobody needs them any more: \`rm -rf ${rest.join(' ')}\`. Snapshots of RKE1’s etcd lie in /opt/rke/etcd-snapshots.`,
  };
});

function containers({ containers: own, podContainers: pods }: Rke1Facts): readonly Complaint[] {
  if (own.length + pods === 0) return [];
  const shown = own.slice(0, 8).join(', ');
  const parts = [
    ...(own.length === 0 ? [] : [own.length > 8 ? `${shown} and ${own.length - 8} more` : shown]),
    ...(pods === 0 ? [] : [pods === 1 ? '1 container of a pod' : `${pods} containers of pods`]),
  ];
  return [
    {
      message: `Docker still has RKE1’s containers: ${parts.join('; ')}. They hold RKE2’s ports, and its kubelet starts pods anew.`,
      hint: `If that cluster still serves, use other hosts. If it is given up: ${
        own.length === 0 ? '' : `\`docker rm -f ${own.join(' ')}\`${pods === 0 ? '' : ', then '}`
      }${pods === 0 ? '' : '`docker rm -f $(docker ps -aqf name=k8s_)`'}, and reboot.`,
    },
  ];
}

function network({ interfaces, paths, chains }: Rke1Facts): readonly Complaint[] {
  const files = paths.filter((path) => NETWORK.test(path));
  if (interfaces.length + files.length + chains === 0) return [];
  const shown = interfaces.slice(0, 6).join(', ');
  const parts = [
    ...(interfaces.length === 0 ? [] : [`interfaces (${shown}${interfaces.length > 6 ? ', …' : ''})`]),
    ...(files.length === 0 ? [] : [`CNI configuration (${files.join(', ')})`]),
    ...(chains === 0 ? [] : [chains === 1 ? '1 chain in iptables' : `${chains} chains in iptables`]),
  ];
  return [
    {
      message: `The pod network of another cluster is still here: ${parts.join('; ')}. It takes packets and names that RKE2’s own needs.`,
      hint: `${
        files.length === 0 ? 'Reboot' : `\`rm -rf /etc/cni/net.d /var/lib/cni\`, and reboot`
      } when its containers are gone: that clears interfaces and rules.`,
    },
  ];
}

function volumes({ mounts, paths }: Rke1Facts): readonly Complaint[] {
  if (mounts === 0 && !paths.includes(PODS)) return [];
  const mounted =
    mounts === 0 ? '' : mounts === 1 ? ', of which 1 is mounted' : `, of which ${mounts} are mounted`;
  return [
    {
      message: `Volumes of another cluster’s pods lie in ${PODS}${mounted}. RKE2’s kubelet works in the same directory and would take them for its own.`,
      hint: 'Reboot when its containers are gone, so that nothing is mounted there, then `rm -rf /var/lib/kubelet`.',
    },
  ];
}
