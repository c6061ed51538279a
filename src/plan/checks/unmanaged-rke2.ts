import { hostCheck } from './check.ts';

/** RKE2 that somebody else installed is never overwritten silently; a host whose adoption was cut off is ours already. */
export const unmanagedRke2 = hostCheck('unmanaged-rke2', 'error', ({ facts }, { adopting }) => {
  const { rke2 } = facts;
  if (rke2.marker !== null || adopting?.includes(facts.machineId) === true) return null;
  const traces = [
    ...(rke2.server.exists ? [`rke2-server.service (${rke2.server.active})`] : []),
    ...(rke2.agent.exists ? [`rke2-agent.service (${rke2.agent.active})`] : []),
    ...(rke2.etcdData ? ['an etcd database'] : []),
    ...rke2.binaries.map((binary) => `${binary.path} ${binary.version}`.trim()),
  ];
  if (traces.length === 0) return null;
  return {
    message: `RKE2 is here already, and rke2ctl did not put it here: ${traces.join(', ')}. Installing over it could destroy a cluster.`,
    hint: 'If nothing of it is needed, run `rke2-uninstall.sh` on the host (this deletes its data). If it belongs to a living cluster, `rke2ctl adopt` takes that over; else take the host out of the file.',
  };
});
