import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { writeClusterFile } from '../../config/cluster-template.ts';
import { expandNodes } from '../../config/expand-nodes.ts';
import { parseCluster } from '../../config/parse-cluster.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { ConfigError, Rke2ctlError } from '../../domain/errors.ts';
import { configEnvironment } from '../cluster-source.ts';
import type { AdoptFlags } from '../flags.ts';
import { parseHostArgument } from './host-argument.ts';

type Keys = Readonly<Record<string, unknown>>;

/** Which hosts are to be looked at, and how they are reached. */
export interface AdoptSource {
  /** Keys of cluster.yml that the person gave, `nodes` apart. */
  readonly given: Keys;
  /** What was given of each host, as it is to stand in cluster.yml. */
  readonly logins: readonly Keys[];
  /** The hosts as a cluster, for looking at them: roles and settings are not known yet. */
  readonly cluster: Cluster;
  /** The file that was read, which the new one takes the place of; null when the hosts came by flags. */
  readonly original: string | null;
}

/** From `--hosts` and its like, else from the nodes of the cluster.yml that is there. Throws ConfigError and Rke2ctlError. */
export async function readAdoptSource(flags: AdoptFlags): Promise<AdoptSource> {
  const [file = ''] = flags.config;
  const text = flags.hosts === undefined ? await readOriginal(file) : null;
  const written = text === null ? fromFlags(flags) : fromFile(text, file, flags);
  return { ...written, cluster: scoutingCluster(written, file), original: text };
}

function fromFlags(flags: AdoptFlags): Pick<AdoptSource, 'given' | 'logins'> {
  const words = (flags.hosts ?? []).flatMap((text) => text.split(',')).map((text) => text.trim());
  const logins = words
    .filter((word) => word !== '')
    .map((word) => {
      const { address, user = flags.user, port } = parseHostArgument(word);
      return { address, ...(port !== undefined && { port }), ...(user !== undefined && { user }) };
    });
  if (logins.length === 0) throw noHosts();
  return { given: ways(flags), logins };
}

/** Only what says how hosts are reached, and what the cluster is called, may stand in such a file. */
function fromFile(text: string, file: string, flags: AdoptFlags): Pick<AdoptSource, 'given' | 'logins'> {
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'error' });
  } catch {
    document = null;
  }
  const { nodes, ...given } = (typeof document === 'object' ? (document ?? {}) : {}) as Record<
    string,
    unknown
  >;
  if (!Array.isArray(nodes) || nodes.length === 0) throw noNodes(file);
  const entries = expandNodes(nodes as readonly { readonly address?: string }[]).nodes;
  const logins = entries.map((entry) => pick(entry, NODE_WAYS));
  return { given: { ...pick(given, CLUSTER_WAYS), ...ways(flags) }, logins };
}

const NODE_WAYS = [
  ...['address', 'port', 'user', 'internal_address', 'hostname_override', 'bastion_host'],
  ...['ssh_key', 'ssh_key_path', 'ssh_agent_auth', 'ssh_cert', 'ssh_cert_path'],
];

const CLUSTER_WAYS = [
  ...['cluster_name', 'bastion_host', 'ssh', 'ssh_key_path', 'ssh_agent_auth', 'ssh_cert_path'],
  ...['kubeconfig', 'install', 'firewall', 'upgrade_strategy'],
];

function pick(value: unknown, names: readonly string[]): Keys {
  return Object.fromEntries(
    Object.entries((value ?? {}) as object).filter(([key, each]) => names.includes(key) && each !== null),
  );
}

function ways({ name, sshKey, bastion }: AdoptFlags): Keys {
  return {
    ...(name !== undefined && { cluster_name: name }),
    ...(sshKey !== undefined && { ssh_key_path: sshKey.startsWith('~') ? sshKey : resolve(sshKey) }),
    ...(bastion !== undefined && { bastion_host: { ...parseHostArgument(bastion) } }),
  };
}

/** Every host as if it could be anything, so that all is asked of it. */
function scoutingCluster({ given, logins }: Pick<AdoptSource, 'given' | 'logins'>, file: string): Cluster {
  const role = ['controlplane', 'etcd', 'worker'];
  const text = writeClusterFile('', 'Hosts to be looked at.', {
    ...given,
    nodes: logins.map((login) => ({ ...login, role })),
  });
  const { cluster, findings } = parseCluster(text, file, configEnvironment());
  if (cluster !== null) return cluster;
  // Lines and columns would be those of a text that nobody has seen.
  const errors = findings.filter(({ severity }) => severity === 'error');
  throw new ConfigError(
    'The hosts cannot be reached as they are given; nothing was done.',
    errors.map(({ position: _position, ...finding }) => finding),
  );
}

async function readOriginal(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw noHosts();
  });
}

function noHosts(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'adopt-no-hosts',
    message: 'No hosts were named.',
    hint: 'Name the hosts of the cluster, as `--hosts root@10.0.0.1,10.0.0.2`, or in a cluster.yml of which only `nodes` (`address`, `user`, …) need be there.',
    exitCode: 3,
  });
}

function noNodes(file: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'adopt-no-hosts',
    message: `${file} names no nodes.`,
    hint: 'Write `nodes:` with the `address` of each host into it, or name them by `--hosts`.',
    exitCode: 3,
  });
}
