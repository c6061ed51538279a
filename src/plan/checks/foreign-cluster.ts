import { MARKER_PATH } from '../../domain/marker.ts';
import { hostCheck } from './check.ts';

/** A node whose marker names another cluster is that cluster's; so is every marked node when there is no state. */
export const foreignCluster = hostCheck('foreign-cluster', 'error', ({ facts, ours }, { clusterId }) => {
  const { marker } = facts.rke2;
  if (marker === null || ours) return null;
  if (marker === 'unreadable') {
    return {
      message: `${MARKER_PATH} is there but cannot be read as ours: damaged, or written by a newer rke2ctl. Whose node this is cannot be told.`,
      hint: 'Use the rke2ctl that wrote it. If the host is yours to reuse, take RKE2 off it (`rke2-uninstall.sh`) and delete the file.',
    };
  }
  const owner = `cluster "${marker.clusterName}" (${marker.clusterId})`;
  if (clusterId === null) {
    return {
      message: `The host is a node of ${owner}, and there is no state file here to tell whether that is this cluster. Going on would make a second one.`,
      hint: 'If it is: bring back cluster.rkestate, or make it from the hosts with `rke2ctl state rebuild`. If not: take the host out of the file, or run `rke2ctl remove` with that cluster’s own file first.',
    };
  }
  return {
    message: `The host is a node of another cluster, ${owner}. This one is ${clusterId}.`,
    hint: 'Take it out of this file, or run `rke2ctl remove` with the other cluster’s file first.',
  };
});
