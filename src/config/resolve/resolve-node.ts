import path from 'node:path';
import type { Bastion, ClusterNode, SshAuth } from '../../domain/cluster.ts';
import { nodeKey } from '../../domain/node-identity.ts';
import { ROLES } from '../../domain/role.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ConfigEnvironment } from '../environment.ts';
import { expandNodes } from '../expand-nodes.ts';
import { familyOf, normalizeAddress } from '../ip.ts';
import type { BastionInput } from '../keys/bastion.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import type { NodeInput } from '../keys/node.ts';
import type { PathResolver } from '../local-path.ts';
import { stripBrackets } from '../schema/addresses.ts';
import { splitValues } from '../schema/scalars.ts';
import { readSecret } from '../secret-value.ts';

/** A node that stands for itself: its address is known, and no range is left. */
export type SingleNode = NodeInput & { readonly address: string };

/** The single nodes of all entries. */
export function listSingleNodes(entries: readonly NodeInput[]): readonly SingleNode[] {
  return expandNodes(entries).nodes.filter((node): node is SingleNode => node.address !== undefined);
}

/** One node with what it leaves to the cluster, to defaults and to the person at the keyboard. */
export function resolveNode(
  node: SingleNode,
  cluster: ClusterInput,
  env: ConfigEnvironment,
  toAbsolute: PathResolver,
): ClusterNode {
  const address = readAddress(node.address);
  const port = readPort(node.port);
  const [internalAddress, otherInternalAddress] = readInternalAddresses(node.internal_address);
  const bastions = listBastions(node.bastion_host ?? cluster.bastion_host);
  return {
    key: nodeKey(address, port),
    address,
    port,
    internalAddress: internalAddress ?? null,
    otherInternalAddress: otherInternalAddress ?? null,
    ...(node.follow === true ? { follow: true as const } : {}),
    name: nameOf(node),
    user: node.user ?? env.user,
    roles: ROLES.filter((role) => node.role.includes(role)),
    auth: resolveAuth(node, cluster, env, toAbsolute),
    bastions: bastions.map((bastion) => resolveBastion(bastion, cluster, env, toAbsolute)),
    labels: node.labels ?? {},
    taints: (node.taints ?? []).map(({ key, value, effect }) => ({ key, value: value ?? '', effect })),
    rke2: node.rke2 ?? {},
  };
}

/** The address without brackets, IPv6 in its one short spelling. */
export function readAddress(written: string): string {
  return normalizeAddress(stripBrackets(written));
}

/** The addresses of `internal_address`, at most one of each family; none when it is not written. */
export function readInternalAddresses(written: string | undefined): readonly string[] {
  return written === undefined ? [] : splitValues(written).map(readAddress);
}

/** The SSH port as number, the default when none is written. */
export function readPort(written: number | string | undefined): number {
  return written === undefined ? DEFAULTS.sshPort : Number(written);
}

/** The node's name as far as the file gives it: `hostname_override`, or the address if that is a name. */
export function nameOf(node: {
  readonly address?: string | undefined;
  readonly hostname_override?: string | undefined;
}): string | null {
  if (node.hostname_override !== undefined) return node.hostname_override.toLowerCase();
  if (node.address === undefined || familyOf(stripBrackets(node.address)) !== null) return null;
  return node.address.toLowerCase();
}

function listBastions(written: ClusterInput['bastion_host']): readonly BastionInput[] {
  if (written === undefined) return [];
  return Array.isArray(written) ? written : [written];
}

function resolveBastion(
  bastion: BastionInput,
  cluster: ClusterInput,
  env: ConfigEnvironment,
  toAbsolute: PathResolver,
): Bastion {
  return {
    address: readAddress(bastion.address),
    port: readPort(bastion.port),
    user: bastion.user ?? env.user,
    auth: resolveAuth(bastion, cluster, env, toAbsolute),
  };
}

type AuthInput = Pick<
  NodeInput,
  'ssh_agent_auth' | 'ssh_key' | 'ssh_key_path' | 'ssh_cert' | 'ssh_cert_path'
>;

/** The host's own key wins over the cluster's, and any key that is named over the usual ones. */
function resolveAuth(
  host: AuthInput,
  cluster: ClusterInput,
  env: ConfigEnvironment,
  toAbsolute: PathResolver,
): SshAuth {
  const named = host.ssh_key_path ?? (host.ssh_key === undefined ? cluster.ssh_key_path : undefined);
  const onlyAgent = host.ssh_agent_auth ?? (cluster.ssh_agent_auth === true && !hasOwnKey(host));
  const usesDefaults = named === undefined && host.ssh_key === undefined && !onlyAgent;
  const certificatePath =
    host.ssh_cert_path ?? (host.ssh_cert === undefined ? cluster.ssh_cert_path : undefined);
  return {
    key: host.ssh_key === undefined || onlyAgent ? null : readSecret(host.ssh_key, { env, toAbsolute }),
    keyPaths: onlyAgent ? [] : usesDefaults ? usualKeys(env) : named === undefined ? [] : [toAbsolute(named)],
    keyPathsAreDefaults: usesDefaults,
    certificate: host.ssh_cert ?? null,
    certificatePath: certificatePath === undefined ? null : toAbsolute(certificatePath),
    agent: onlyAgent ? 'required' : 'auto',
  };
}

function hasOwnKey(host: AuthInput): boolean {
  return host.ssh_key !== undefined || host.ssh_key_path !== undefined;
}

function usualKeys(env: ConfigEnvironment): readonly string[] {
  return DEFAULTS.sshKeys.map((key) => path.join(env.home, key));
}
