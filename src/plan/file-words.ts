/** Where a value stands in a described cluster: keys, and items of lists by what people call them. */
export type Place = readonly (string | { readonly item: string })[];

/** Beginnings of places and what the file calls them; the longest one counts. `*` is any key or item, and stays. */
const WORDS: readonly (readonly [readonly string[], string])[] = [
  [['name'], 'cluster_name'],
  [['version'], 'kubernetes_version'],
  [['nodes', '*', 'internalAddress'], 'nodes*.internal_address'],
  [['nodes', '*', 'otherInternalAddress'], 'nodes*.internal_address'],
  [['nodes', '*', 'name'], 'nodes*.hostname_override'],
  [['nodes', '*', 'roles'], 'nodes*.role'],
  [['nodes', '*', 'auth', 'key'], 'nodes*.ssh_key'],
  [['nodes', '*', 'auth', 'keyPaths'], 'nodes*.ssh_key_path'],
  [['nodes', '*', 'auth', 'certificate'], 'nodes*.ssh_cert'],
  [['nodes', '*', 'auth', 'certificatePath'], 'nodes*.ssh_cert_path'],
  [['nodes', '*', 'auth', 'agent'], 'nodes*.ssh_agent_auth'],
  [['nodes', '*', 'bastions'], 'nodes*.bastion_host'],
  [['network', 'cni'], 'network.plugin'],
  [['network', 'clusterCidr'], 'services.kube-controller.cluster_cidr'],
  [['network', 'serviceCidr'], 'services.kube-api.service_cluster_ip_range'],
  [['network', 'clusterDns'], 'services.kubelet.cluster_dns_server'],
  [['network', 'clusterDomain'], 'services.kubelet.cluster_domain'],
  [['tlsSans'], 'authentication.sans'],
  [['registries', 'systemDefault'], 'private_registries'],
  [['registries', 'onlyMirrors'], 'registries.disable_default_registry_endpoint'],
  [['ssh', 'hostKeys'], 'ssh.host_keys'],
  [['ssh', 'connectTimeoutMs'], 'ssh.connect_timeout'],
  [['ssh', 'keepaliveMs'], 'ssh.keepalive'],
  [['dataDir'], 'prefix_path'],
  [['ingress'], 'ingress.provider'],
  [['externalDatastore'], 'datastore'],
  [['environment', 'HTTP_PROXY'], 'proxy.http'],
  [['environment', 'HTTPS_PROXY'], 'proxy.https'],
  [['environment', 'NO_PROXY'], 'proxy.no_proxy'],
  [['addonTimeoutMs'], 'addon_job_timeout'],
  [['ttlSeconds'], 'ttl'],
  [['addons', '*'], 'addons*'],
  [['charts', '*', 'createNamespace'], 'charts*.create_namespace'],
  [['charts', '*', 'archive'], 'charts*.file'],
  [['chartValues'], 'chart_values'],
  [['upgrade', 'maxUnavailableWorker'], 'upgrade_strategy.max_unavailable_worker'],
  [['upgrade', 'maxUnavailableControlplane'], 'upgrade_strategy.max_unavailable_controlplane'],
  [['upgrade', 'drain'], 'upgrade_strategy.drain'],
  [['upgrade', 'drainInput', 'force'], 'upgrade_strategy.node_drain_input.force'],
  [['upgrade', 'drainInput', 'ignoreDaemonsets'], 'upgrade_strategy.node_drain_input.ignore_daemonsets'],
  [['upgrade', 'drainInput', 'deleteEmptydir'], 'upgrade_strategy.node_drain_input.delete_local_data'],
  [['upgrade', 'drainInput', 'gracePeriodSeconds'], 'upgrade_strategy.node_drain_input.grace_period'],
  [['upgrade', 'drainInput', 'timeoutSeconds'], 'upgrade_strategy.node_drain_input.timeout'],
];

/** The path of a place in the words of the file: `nodes[worker-2].labels.disk`. */
export function inFileWords(place: Place, fileKeys: ReadonlyMap<string, string>): string {
  const [top, part, key] = place;
  if (top === 'rke2' && typeof key === 'string') {
    const named = fileKeys.get(key);
    if (named !== undefined) return named + rest(place, 3);
    return (part === 'secrets' ? `rke2.${key}` : `rke2.${String(part)}.${key}`) + rest(place, 3);
  }
  const found = WORDS.filter(([beginning]) =>
    beginning.every((word, index) => fits(word, place[index])),
  ).toSorted(([a], [b]) => b.length - a.length)[0];
  if (found === undefined) return rest(place, 0).replace(/^\./, '');
  const [beginning, words] = found;
  const items = place
    .slice(0, beginning.length)
    .flatMap((each) => (typeof each === 'string' ? [] : [each.item]));
  return words.replace('*', items.map((item) => `[${item}]`).join('')) + rest(place, beginning.length);
}

/** True for what concerns the operator's machine alone: another person's paths change nothing in the cluster. */
export function isOfOperator(place: Place): boolean {
  const [top, second, third] = place;
  // Nothing that the file says.
  if (top === 'runTtlSeconds' || top === 'transfer') return true;
  if (top === 'nodes') return third === 'key' || place.at(-1) === 'keyPathsAreDefaults';
  return (top === 'kubeconfig' && second === 'path') || (top === 'ssh' && second === 'knownHosts');
}

function fits(word: string, part: Place[number] | undefined): boolean {
  return part !== undefined && (word === '*' ? typeof part !== 'string' : word === part);
}

function rest(place: Place, from: number): string {
  return place
    .slice(from)
    .map((part) => (typeof part === 'string' ? `.${part}` : `[${part.item}]`))
    .join('');
}
