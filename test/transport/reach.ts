import { join } from 'node:path';
import type { Bastion, ClusterNode, SshAuth, SshSettings } from '../../src/domain/cluster.ts';
import {
  createTransport,
  createTransportContext,
  type TransportContextOptions,
} from '../../src/transport/create-transport.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { TransportContext } from '../../src/transport/transport-context.ts';
import type { Keys, Sshd } from './sshd.ts';

/** Auth by key files alone. */
export function keyAuth(...keyPaths: string[]): SshAuth {
  return {
    key: null,
    keyPaths,
    keyPathsAreDefaults: false,
    certificate: null,
    certificatePath: null,
    agent: 'auto',
  };
}

export interface ReachOptions {
  readonly keys: Keys;
  readonly sshd: Pick<Sshd, 'address' | 'port'>;
  readonly client: SshSettings['client'];
  readonly auth?: SshAuth;
  readonly user?: string;
  readonly address?: string;
  readonly bastions?: readonly Bastion[];
  readonly settings?: Partial<SshSettings>;
  readonly context?: Partial<TransportContextOptions>;
}

export function makeContext(options: Omit<ReachOptions, 'sshd'>): TransportContext {
  return createTransportContext(
    {
      hostKeys: 'accept-new',
      knownHosts: join(options.keys.directory, 'known_hosts'),
      client: options.client,
      connectTimeoutMs: 5000,
      keepaliveMs: 15_000,
      ...options.settings,
    },
    { env: {}, ...options.context },
  );
}

export function makeNode(options: ReachOptions): ClusterNode {
  const { sshd, keys } = options;
  const address = options.address ?? sshd.address;
  return {
    key: `${address}:${sshd.port}`,
    address,
    port: sshd.port,
    internalAddress: null,
    otherInternalAddress: null,
    name: null,
    user: options.user ?? 'root',
    roles: ['worker'],
    rke2: {},
    auth: options.auth ?? keyAuth(keys.make('user')),
    bastions: options.bastions ?? [],
    labels: {},
    taints: [],
  };
}

/** A transport to an sshd of the test, in a run of its own; not connected. */
export function reach(options: ReachOptions): Transport {
  return createTransport(makeNode(options), makeContext(options));
}

export function asBastion(sshd: Sshd, keys: Keys): Bastion {
  return { address: sshd.address, port: sshd.port, user: 'root', auth: keyAuth(keys.make('user')) };
}
