/** A key of RKE2's config.yaml that cannot be set by hand, and what to do instead. */
export interface OwnedKey {
  /** `owned`: rke2ctl writes it from another key; `later`: not supported yet. */
  readonly fate: 'owned' | 'later';
  readonly hint: string;
}

function owned(hint: string): OwnedKey {
  return { fate: 'owned', hint };
}

function later(hint: string): OwnedKey {
  return { fate: 'later', hint };
}

const TOKENS = owned('Leave it out: rke2ctl makes the tokens and keeps them in the state file.');
const ROLES = owned('Leave it out: it follows from the `role` of each node.');
const KUBECONFIG = owned('Leave it out: `kubeconfig` at the top of the file says where yours is written.');
const RESET = owned('Leave it out: a restore is a command of its own, never a standing setting.');
const PER_NODE = later('Leave it out: one value here would hold for every node.');
const SECRET_S3 = later(
  'It would stand in clear text in plans and state. Put it into a Secret of the cluster and name that as `etcd-s3-config-secret`.',
);

/** Keys of RKE2 that `rke2.server` and `rke2.agent` refuse. */
export const OWNED_KEYS: ReadonlyMap<string, OwnedKey> = new Map<string, OwnedKey>([
  ['token', TOKENS],
  ['token-file', TOKENS],
  ['agent-token', TOKENS],
  ['agent-token-file', TOKENS],
  [
    'server',
    owned('Set `endpoint` at the top of the file; without it rke2ctl names a living server itself.'),
  ],
  ['config', owned('Leave it out: rke2ctl writes /etc/rancher/rke2/config.yaml.')],
  ['node-name', owned('Set `hostname_override` of each node.')],
  ['with-node-id', owned('Leave it out: it would change the names that the nodes have in this file.')],
  [
    'node-name-from-cloud-provider-metadata',
    later('Leave it out: rke2ctl must know the names of the nodes.'),
  ],
  ['node-ip', owned('Set `internal_address` of each node.')],
  ['node-label', owned('Set `labels` of each node.')],
  ['node-taint', owned('Set `taints` of each node.')],
  ['node-external-ip', PER_NODE],
  ['node-internal-dns', PER_NODE],
  ['node-external-dns', PER_NODE],
  ['advertise-address', PER_NODE],
  ['cni', owned('Set `network.plugin`.')],
  ['cluster-cidr', owned('Set `services.kube-controller.cluster_cidr`.')],
  ['service-cidr', owned('Set `services.kube-api.service_cluster_ip_range`.')],
  ['cluster-dns', owned('Set `services.kubelet.cluster_dns_server`.')],
  ['cluster-domain', owned('Set `services.kubelet.cluster_domain`.')],
  ['tls-san', owned('Set `authentication.sans`; `endpoint` is among the names by itself.')],
  ['system-default-registry', owned('Set `is_default: true` of a registry in `private_registries`.')],
  ['private-registry', owned('Set `private_registries`; rke2ctl writes registries.yaml.')],
  ['disable-etcd', ROLES],
  ['disable-apiserver', ROLES],
  ['disable-controller-manager', ROLES],
  ['disable-scheduler', ROLES],
  ['data-dir', later('Leave it out: RKE2 keeps its data in /var/lib/rancher/rke2.')],
  ['write-kubeconfig', KUBECONFIG],
  ['write-kubeconfig-mode', KUBECONFIG],
  ['write-kubeconfig-group', KUBECONFIG],
  ['write-kubeconfig-name', KUBECONFIG],
  ['cluster-reset', RESET],
  ['cluster-reset-restore-path', RESET],
  ['secrets-encryption', owned('Leave it out: RKE2 always encrypts secrets at rest.')],
  ['etcd-s3-access-key', SECRET_S3],
  ['etcd-s3-secret-key', SECRET_S3],
  ['etcd-s3-session-token', SECRET_S3],
]);
