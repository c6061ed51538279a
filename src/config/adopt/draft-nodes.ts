import type { ClusterNode, Rke2Values } from '../../domain/cluster.ts';
import type { FoundHost } from '../../domain/found-host.ts';
import { clusterAddress } from '../../domain/node-identity.ts';
import type { ApiNode } from '../../domain/observed.ts';
import type { Role } from '../../domain/role.ts';
import { type Family, familyOf } from '../ip.ts';

/** A host whose Node was found, with the roles that it has. */
export interface AdoptableNode extends FoundHost {
  readonly node: ApiNode;
  readonly roles: readonly Role[];
}

/** One entry of `nodes`: how it is reached (`login`, as it was given) and what was found there; `families` are those that pods have. */
export function draftNode(
  found: AdoptableNode,
  login: Readonly<Record<string, unknown>>,
  own: Rke2Values,
  families: readonly (Family | null)[],
): Readonly<Record<string, unknown>> {
  const { spec, node, roles, values } = found;
  const labels = draftLabels(values);
  const taints = draftTaints(values, node, roles);
  const name = nameFor(spec, found);
  const internal = internalAddress(spec, found, families);
  const rke2 = { ...externalAddress(found), ...own };
  return {
    address: login['address'] ?? spec.address,
    ...login,
    ...(internal === null ? {} : { internal_address: internal }),
    ...(name === null ? {} : { hostname_override: name }),
    role: ['controlplane', 'etcd', 'worker'].filter((role) => roles.includes(role as Role)),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(taints.length > 0 && { taints }),
    ...(Object.keys(rke2).length > 0 && { rke2 }),
  };
}

/** The labels that the node's own settings give it at every start. */
export function draftLabels(values: Rke2Values): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(values['node-label']).map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

interface DraftTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/**
 * The taints that the settings name and the Node still has: RKE2 gives them only when a Node registers. The one that
 * keeps workloads off servers is said by their roles.
 */
export function draftTaints(
  values: Rke2Values,
  node: ApiNode,
  roles: readonly Role[],
): readonly DraftTaint[] {
  return listOf(values['node-taint']).flatMap((text): DraftTaint[] => {
    const [, key = '', value = '', effect = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
    const isThere = node.taints.some((taint) => taint.key === key && taint.effect === effect);
    const isRole = key === 'CriticalAddonsOnly' && effect === 'NoExecute' && !roles.includes('worker');
    return isThere && !isRole ? [{ key, value, effect }] : [];
  });
}

/** null where address or hostname say it already. */
function nameFor(spec: ClusterNode, { facts, node }: AdoptableNode): string | null {
  const byItself =
    familyOf(spec.address) === null ? spec.address.toLowerCase() : facts.hostname.toLowerCase();
  return byItself === node.name ? null : node.name;
}

/** The Node's own address, where the host's facts would lead to another one. */
function internalAddress(
  spec: ClusterNode,
  { facts, node }: AdoptableNode,
  families: readonly (Family | null)[],
): string | null {
  const used = node.internalAddresses.filter((address) => families.includes(familyOf(address)));
  const [own, other] = used;
  if (spec.internalAddress !== null || own === undefined) return null;
  if (other !== undefined) return `${own},${other}`;
  return clusterAddress(spec, facts) === own ? null : own;
}

/** A host behind NAT would get `node-external-ip`; where RKE2 was not told of one, it is not told now. */
function externalAddress({ spec, facts, values }: AdoptableNode): Rke2Values {
  const isOwn = facts.addresses.some(({ address }) => address === spec.address);
  if (familyOf(spec.address) === null || isOwn || 'node-external-ip' in values) return {};
  return { 'node-external-ip': [] };
}

function listOf(value: Rke2Values[string] | undefined): readonly string[] {
  return value === undefined ? [] : [value].flat().map((each) => String(each).trim());
}
