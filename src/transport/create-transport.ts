import type { Bastion, ClusterNode, SshSettings } from '../domain/cluster.ts';
import { createHostKeys } from './host-keys.ts';
import { type AskPassphrase, createKeyRing } from './key-ring.ts';
import { knownHostName } from './known-hosts.ts';
import { BastionPool } from './ssh2/bastion-pool.ts';
import { Ssh2Transport } from './ssh2/ssh2-transport.ts';
import { formatTarget, type SshHost } from './ssh-host.ts';
import type { Transport } from './transport.ts';

/** What all transports of a run share: keys, host keys, bastions. */
export interface TransportContext {
  readonly settings: SshSettings;
  readonly bastions: BastionPool;
}

/** Makes what the transports of one run share. `env` is the operator's environment. */
export function createTransportContext(
  settings: SshSettings,
  options: {
    readonly askPassphrase?: AskPassphrase;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): TransportContext {
  const deps = {
    settings,
    hostKeys: createHostKeys(settings),
    keyRing: createKeyRing(options.askPassphrase),
    agentSocket: options.env['SSH_AUTH_SOCK'] || null,
  };
  return { settings, bastions: new BastionPool(deps) };
}

/** The way to reach a node: nothing is connected before `connect`. */
export function createTransport(node: ClusterNode, context: TransportContext): Transport {
  return new Ssh2Transport(toSshHost(node), node.bastions.map(toSshHost), context.bastions);
}

function toSshHost(host: ClusterNode | Bastion): SshHost {
  const { address, port, user, auth } = host;
  return { target: formatTarget(host), address, port, user, auth, hostKeyName: knownHostName(address, port) };
}
