import type { Bastion, Cluster, Rke2Values, SshAuth } from '../domain/cluster.ts';

/** Keys of RKE2's config.yaml whose values are secrets, or may hold one (a datastore URL carries its password). */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  'agent-token',
  'datastore-endpoint',
  'etcd-s3-access-key',
  'etcd-s3-secret-key',
  'etcd-s3-session-token',
  'token',
]);

/**
 * The cluster as the state remembers it: SSH keys, registry passwords and secret values of RKE2's own keys are left
 * out. What it describes can be compared with a later cluster.yml once that has gone through here as well.
 */
export function stripSecrets(cluster: Cluster): Cluster {
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => ({
      ...node,
      auth: stripAuth(node.auth),
      bastions: node.bastions.map(stripBastion),
    })),
    registries: cluster.registries.map((registry) => ({ ...registry, password: null })),
    rke2: { server: stripValues(cluster.rke2.server), agent: stripValues(cluster.rke2.agent) },
  };
}

function stripBastion(bastion: Bastion): Bastion {
  return { ...bastion, auth: stripAuth(bastion.auth) };
}

function stripAuth(auth: SshAuth): SshAuth {
  return { ...auth, key: null };
}

function stripValues(values: Rke2Values): Rke2Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !SECRET_KEYS.has(key)));
}
