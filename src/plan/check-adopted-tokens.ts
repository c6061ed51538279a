import type { Diagnostic } from '../domain/diagnostic.ts';
import type { FoundHost } from '../domain/found-host.ts';
import { readToken, type Token } from '../rke2/read-token.ts';

/** The tokens of a cluster, as its servers keep them themselves. */
export interface ClusterTokens {
  readonly serverPassword: string;
  readonly agentPassword: string;
  /** As full tokens pin it. */
  readonly caHash: string;
}

/**
 * What is wrong with the tokens: every server must keep the same ones, and what the settings of a host name must be one of
 * them, as it could never join again with another. Secrets are never told.
 */
export function checkAdoptedTokens(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  const servers = hosts.filter(({ service }) => service === 'rke2-server');
  const missing = servers.filter(({ files }) => tokenOf(files.serverToken)?.caHash == null);
  if (missing.length > 0) {
    return missing.map(({ spec }) =>
      error(
        spec.address,
        'adopt-token-missing',
        'The server’s own token file (server/token in RKE2’s data directory) is not there, or is not a full token.',
        'RKE2 writes it when it starts: see whether the server came up (`journalctl -u rke2-server`).',
      ),
    );
  }
  const differing = [
    ...contradiction(servers, ({ files }) => tokenOf(files.serverToken)?.secret ?? '', 'server token'),
    ...contradiction(servers, ({ files }) => tokenOf(files.agentToken)?.secret ?? '', 'agent token'),
  ];
  const tokens = clusterTokens(hosts);
  if (differing.length > 0 || tokens === null) return differing;
  return hosts.flatMap((host) => checkConfigured(host, tokens));
}

/** The tokens as the first server keeps them; null when none has them. */
export function clusterTokens(hosts: readonly FoundHost[]): ClusterTokens | null {
  for (const { files } of hosts) {
    const server = tokenOf(files.serverToken);
    if (server === null || server.caHash === null) continue;
    const agent = tokenOf(files.agentToken) ?? server;
    return { serverPassword: server.secret, agentPassword: agent.secret, caHash: server.caHash };
  }
  return null;
}

function checkConfigured({ spec, service, files }: FoundHost, tokens: ClusterTokens): readonly Diagnostic[] {
  const token = tokenOf(files.configuredToken);
  // A token of `rke2 token create` has served its turn once the agent has joined.
  if (token === null || token.kind === 'bootstrap') return [];
  const known =
    service === 'rke2-server' ? [tokens.serverPassword] : [tokens.serverPassword, tokens.agentPassword];
  const pinsAnother = token.caHash !== null && token.caHash !== tokens.caHash;
  if (known.includes(token.secret) && !pinsAnother) return [];
  return [
    error(
      spec.address,
      'adopt-tokens-differ',
      `The token in its settings is not the cluster’s${pinsAnother ? ' (it pins another CA)' : ''}: the service runs, but could not join again.`,
      'Put the cluster’s token there (a server keeps it in server/token of its data directory), then run `rke2ctl adopt` again.',
    ),
  ];
}

function tokenOf(text: string | null): Token | null {
  return text === null ? null : readToken(text);
}

function contradiction(
  servers: readonly FoundHost[],
  secretOf: (host: FoundHost) => string,
  what: string,
): readonly Diagnostic[] {
  const groups = new Map<string, string[]>();
  for (const host of servers)
    groups.set(secretOf(host), [...(groups.get(secretOf(host)) ?? []), host.spec.address]);
  if (groups.size <= 1) return [];
  const parts = [...groups.values()].map((names) => names.join(', '));
  return [
    error(
      null,
      'adopt-tokens-differ',
      `The servers do not agree on the ${what}: ${parts.join(' | ')} have different ones.`,
      'They are different clusters, or a rotation of the token has not come to its end. Finish it, or name the hosts of one cluster.',
    ),
  ];
}

function error(node: string | null, code: string, message: string, hint: string): Diagnostic {
  return { severity: 'error', code, message, hint, ...(node !== null && { node }) };
}
