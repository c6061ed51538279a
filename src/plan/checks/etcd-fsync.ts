import { SLOW_FSYNC_MS } from '../../rke2/requirements.ts';
import { hostCheck } from './check.ts';

/** etcd waits for the disk at every write. */
export const etcdFsync = hostCheck('etcd-fsync', 'warning', ({ node, facts }) => {
  if (!node.roles.includes('etcd') || facts.fsyncMs === null || facts.fsyncMs <= SLOW_FSYNC_MS) return null;
  return {
    message: `A small synchronous write takes ${facts.fsyncMs.toFixed(0)} ms where etcd will live. Beyond ${SLOW_FSYNC_MS} ms etcd loses its leader under load.`,
    hint: 'Put /var/lib/rancher/rke2/server/db on an SSD that nothing else keeps busy.',
  };
});
