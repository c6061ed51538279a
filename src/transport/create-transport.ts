import { userInfo } from 'node:os';
import type { ClusterNode, SshSettings } from '../domain/cluster.ts';
import { createHostKeys } from './host-keys.ts';
import { type AskPassphrase, createKeyRing } from './key-ring.ts';
import { OpensshTransport } from './openssh/openssh-transport.ts';
import { readSshConfig } from './read-ssh-config.ts';
import { routeTo, type SshRoute } from './ssh-config.ts';
import { BastionPool } from './ssh2/bastion-pool.ts';
import { Ssh2Transport } from './ssh2/ssh2-transport.ts';
import type { Transport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** `env` is the operator's environment: HOME says where ssh_config lies (without it none is read), SSH_AUTH_SOCK the agent. */
export interface TransportContextOptions {
  readonly askPassphrase?: AskPassphrase;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Who is at the terminal; the user of this process by default. */
  readonly currentUser?: string;
}

/** Makes what the transports of one run share; reads ssh_config once. */
export function createTransportContext(
  settings: SshSettings,
  options: TransportContextOptions,
): TransportContext {
  const home = options.env['HOME'];
  const shared = {
    settings,
    hostKeys: createHostKeys(settings),
    keyRing: createKeyRing(options.askPassphrase),
    agentSocket: options.env['SSH_AUTH_SOCK'] || null,
  };
  return {
    ...shared,
    sshConfig: {
      text: home ? readSshConfig(home) : '',
      home: home ?? '/',
      currentUser: options.currentUser ?? userInfo().username,
    },
    bastions: new BastionPool(shared),
  };
}

/**
 * The way to reach a node; nothing is connected before `connect`. OpenSSH's own client is taken where the file asks for
 * it, and for what only it can do: certificates, ProxyCommand, host keys vouched for by an authority.
 */
export function createTransport(node: ClusterNode, context: TransportContext): Transport {
  const route = routeTo(node, node.bastions, context.sshConfig);
  if (
    context.settings.client === 'openssh' ||
    route.needsOpenssh !== null ||
    needsAuthority(route, context)
  ) {
    return new OpensshTransport(route, node, context);
  }
  return new Ssh2Transport(route.host, route.bastions, context.bastions);
}

function needsAuthority(route: SshRoute, context: TransportContext): boolean {
  return [route.host, ...route.bastions].some((host) =>
    context.hostKeys.needsCertAuthority(host.hostKeyName),
  );
}
