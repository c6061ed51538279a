import { keyTable } from './keys/key-table.ts';

/** The defaults that most clusters meet, in words, as the Markdown table of the README; the page of keys has all. */
export function renderDefaultsTable(): string {
  const rows = keyTable().flatMap(({ entry, path }) =>
    'default' in entry && entry.default !== undefined && isCommon(path)
      ? [`| \`${path}\` | ${entry.default} |`]
      : [],
  );
  return ['| key | without it |', '|---|---|', ...rows, ''].join('\n');
}

/** Sections, and single keys of other sections. */
const COMMON = [
  'cluster_name',
  'kubernetes_version',
  'nodes[].port',
  'nodes[].internal_address',
  'nodes[].hostname_override',
  'nodes[].user',
  'endpoint',
  'install',
  'network.plugin',
  'ingress.provider',
  'services.etcd.snapshot',
  'services.kube-api.service_cluster_ip_range',
  'services.kube-controller.cluster_cidr',
  'services.kubelet',
  'private_registries[].url',
  'firewall',
  'prepare',
  'kubeconfig',
  'ssh',
  'ssh_key_path',
  'ssh_agent_auth',
];

function isCommon(path: string): boolean {
  return COMMON.some((each) => path === each || path.startsWith(`${each}.`));
}
