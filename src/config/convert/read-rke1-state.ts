import { ConfigError } from '../../domain/errors.ts';

/** What of RKE1's cluster.rkestate helps somebody who moves to RKE2. Certificates and keys in it are not even read. */
export interface OldCluster {
  /** The file's name, as the person gave it. */
  readonly file: string;
  readonly version: string | null;
  readonly clusterCidr: string | null;
  readonly serviceCidr: string | null;
  readonly clusterDns: string | null;
  readonly clusterDomain: string | null;
  readonly plugin: string | null;
  readonly nodes: readonly string[];
  /** Whether Secrets were encrypted at rest, with a key that only the old cluster has. */
  readonly encrypted: boolean;
}

/** Reads RKE1's state: what the cluster was last known to be (`currentState`), else what it should become. */
export function readRke1State(text: string, file: string): OldCluster {
  const root = parseJson(text, file);
  const states = [root['currentState'], root['desiredState']].map(asMap);
  const state = states.find((each) => 'rkeConfig' in each);
  if (state === undefined) throw refuse(file, 'It holds no `desiredState` as RKE1 writes it.');
  const config = asMap(state['rkeConfig']);
  const services = asMap(config['services']);
  const api = asMap(services['kubeApi']);
  const controller = asMap(services['kubeController']);
  const kubelet = asMap(services['kubelet']);
  const nodes = Array.isArray(config['nodes']) ? config['nodes'] : [];
  return {
    file,
    version: asText(config['kubernetesVersion']),
    clusterCidr: asText(controller['clusterCidr']),
    serviceCidr: asText(api['serviceClusterIpRange']),
    clusterDns: asText(kubelet['clusterDnsServer']),
    clusterDomain: asText(kubelet['clusterDomain']),
    plugin: asText(asMap(config['network'])['plugin']),
    nodes: nodes.flatMap((node) => asText(asMap(node)['address']) ?? []),
    encrypted: asText(state['encryptionConfig']) !== null,
  };
}

function parseJson(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(file, 'It is no JSON.');
  }
  const root = asMap(value);
  if ('clusterId' in root) throw refuse(file, 'It is a state of rke2ctl itself.');
  return root;
}

function refuse(file: string, reason: string): ConfigError {
  const message = `${file} is no state of RKE1. ${reason}`;
  const hint = 'Name the cluster.rkestate that lies beside RKE1’s cluster.yml, or leave it out.';
  return new ConfigError(message, [
    { severity: 'error', code: 'rke1-state', message, hint, position: { file, line: 1, column: 1 } },
  ]);
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
