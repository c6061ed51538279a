import { hostCheck } from './check.ts';

/** RKE2 that somebody else installed is never overwritten silently. */
export const unmanagedRke2 = hostCheck('unmanaged-rke2', 'error', ({ facts }) => {
  const { rke2 } = facts;
  if (rke2.marker !== null) return null;
  const traces = [
    ...(rke2.server.exists ? [`rke2-server.service (${rke2.server.active})`] : []),
    ...(rke2.agent.exists ? [`rke2-agent.service (${rke2.agent.active})`] : []),
    ...(rke2.etcdData ? ['an etcd database'] : []),
    ...rke2.binaries.map((binary) => `${binary.path} ${binary.version}`.trim()),
  ];
  if (traces.length === 0) return null;
  return {
    message: `RKE2 is here already, and rke2ctl did not put it here: ${traces.join(', ')}. Installing over it could destroy a cluster.`,
    hint: 'If nothing of it is needed, run `rke2-uninstall.sh` on the host (this deletes its data). If it belongs to a living cluster, take the host out of the file.',
  };
});
