import { formatPath, listNames, type Mistake, type Path } from './finding.ts';
import { findNearestName } from './nearest-name.ts';

/** Where keys belong that are often written in another place. */
const HOMES: Readonly<Record<string, string>> = {
  address: 'nodes[]',
  role: 'nodes[]',
  hostname_override: 'nodes[]',
  internal_address: 'nodes[]',
  labels: 'nodes[]',
  taints: 'nodes[]',
  plugin: 'network',
  cluster_cidr: 'services.kube-controller',
  service_cluster_ip_range: 'services.kube-api',
  cluster_domain: 'services.kubelet',
  cluster_dns_server: 'services.kubelet',
  sans: 'authentication',
  artifacts: 'install',
  channel: 'install',
  mirror: 'install',
  host_keys: 'ssh',
  known_hosts: 'ssh',
  connect_timeout: 'ssh',
  keepalive: 'ssh',
  is_default: 'private_registries[]',
  cluster_name: 'the top of the file',
  kubernetes_version: 'the top of the file',
  endpoint: 'the top of the file',
  bastion_host: 'the top of the file or a node',
  private_registries: 'the top of the file',
};

/** What to say of a key that is not known at `parent`, where `known` are. */
export function explainUnknownKey(key: string, parent: Path, known: readonly string[]): Mistake {
  const where = parent.length === 0 ? 'at the top of the file' : `in \`${formatPath(parent)}\``;
  const shown = key === '' ? 'The empty key' : `The key \`${key.slice(0, 80)}\``;
  const message = `${shown} is not known ${where}.`;
  const home = Object.hasOwn(HOMES, key) ? HOMES[key] : undefined;
  if (home) {
    const place = home.startsWith('the ') ? home : `\`${home}\``;
    return { code: 'unknown-key', message, hint: `It belongs to ${place}.` };
  }
  const nearest = key === '' ? null : findNearestName(key, known);
  if (nearest) return { code: 'unknown-key', message, hint: `Did you mean \`${nearest}\`?` };
  const hint =
    known.length === 0
      ? 'Nothing can be set here yet: leave it out.'
      : `Known here: ${listNames(known, 'and')}.`;
  return { code: 'unknown-key', message, hint };
}
