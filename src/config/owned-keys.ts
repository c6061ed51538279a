import { keyTable } from './keys/key-table.ts';

/** A key of RKE2's config.yaml that cannot be set by hand, and what to do instead. */
export interface OwnedKey {
  /** `owned`: rke2ctl writes it from another key; `later`: not supported yet; `node`: for one node alone it can be set. */
  readonly fate: 'owned' | 'later' | 'node';
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
const RESET = owned(
  'Leave it out: a restore is a command of its own (`rke2ctl etcd snapshot-restore`), never a standing setting.',
);
const PER_NODE: OwnedKey = { fate: 'node', hint: 'Write it below `rke2` of that node.' };

/** Keys that are rke2ctl's business and nobody else's, whatever names the file has for what they do. */
export const RESERVED_KEYS: ReadonlyMap<string, OwnedKey> = new Map<string, OwnedKey>([
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
  ['data-dir', owned('Set `prefix_path` at the top of the file.')],
  ['write-kubeconfig', KUBECONFIG],
  ['write-kubeconfig-mode', KUBECONFIG],
  ['write-kubeconfig-group', KUBECONFIG],
  ['write-kubeconfig-name', KUBECONFIG],
  ['cluster-reset', RESET],
  ['cluster-reset-restore-path', RESET],
  ['secrets-encryption', owned('Leave it out: RKE2 always encrypts secrets at rest.')],
  ['datastore-endpoint', owned('Set `datastore.endpoint`, or `services.etcd.external_urls`.')],
  ['datastore-cafile', owned('Set `datastore.ca`; rke2ctl brings the file to the servers.')],
  ['datastore-certfile', owned('Set `datastore.cert`; rke2ctl brings the file to the servers.')],
  ['datastore-keyfile', owned('Set `datastore.key`; rke2ctl brings the file to the servers.')],
  ['etcd-s3-access-key', owned('Set `services.etcd.backup_config.s3backupconfig.access_key`.')],
  ['etcd-s3-secret-key', owned('Set `services.etcd.backup_config.s3backupconfig.secret_key`.')],
  ['etcd-s3-session-token', owned('Set `services.etcd.backup_config.s3backupconfig.session_token`.')],
]);

/**
 * Keys that say something else below `rke2` than the keys of the file that become them as well: for one kind of service
 * alone, or one item of a list among others.
 */
const SHARED_KEYS: ReadonlySet<string> = new Set([
  'kubelet-arg',
  'kube-proxy-arg',
  'kube-proxy-extra-mount',
  'kube-proxy-extra-env',
  'disable',
]);

let all: ReadonlyMap<string, OwnedKey> | null = null;

/** Keys that `rke2.server` and `rke2.agent` refuse: the reserved ones, and those that have a name of their own in the file. */
export function ownedKeys(): ReadonlyMap<string, OwnedKey> {
  all ??= new Map([...namedKeys(), ...RESERVED_KEYS]);
  return all;
}

/** From the table of keys: whatever becomes a key of config.yaml is the one way to say it. */
function namedKeys(): ReadonlyMap<string, OwnedKey> {
  const names = new Map<string, string[]>();
  for (const { entry, path } of keyTable()) {
    if (entry.fate !== 'mapped') continue;
    for (const target of entry.becomes) {
      if (target.kind !== 'config' || SHARED_KEYS.has(target.key)) continue;
      names.set(target.key, [...(names.get(target.key) ?? []), path]);
    }
  }
  return new Map([...names].map(([key, paths]) => [key, owned(explainNames(key, paths))]));
}

function explainNames(key: string, paths: readonly string[]): string {
  const flags = key.endsWith('-arg') ? paths.find((path) => path.endsWith('.extra_args')) : undefined;
  if (flags !== undefined) return `Set \`${flags}\`, or \`extra_args_array\` beside it for repeated flags.`;
  const [first = '', ...others] = paths.map(explainPath);
  const more = others.slice(0, 2).map((path) => ` or ${path}`);
  return `Set ${first}${more.join('')}.`;
}

function explainPath(path: string): string {
  if (path.startsWith('nodes[].')) return `\`${path.slice('nodes[].'.length)}\` of each node`;
  return `\`${path.replaceAll('[]', '')}\`${path.includes('.') ? '' : ' at the top of the file'}`;
}
