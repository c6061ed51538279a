import type { ClusterNode } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { factsOf } from '../../render/desired-node.ts';
import { isServer } from '../../rke2/roles.ts';
import { findMove } from '../find-move.ts';
import { recordAt } from '../membership.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';

/**
 * What stands against stopping servers one by one: a member that the file no longer names or names otherwise, a host that
 * was not reached, a server that is down. One that is down because this very verb was cut off while it had it in hand is
 * let pass. `mayBeDown`: all are meant to be stopped; `mayBeAway`: nobody waits for one that is away, as long as the
 * others are a majority of etcd.
 */
export function checkMembers(
  input: MaintenanceInput,
  {
    mayBeDown = false,
    mayBeAway = false,
  }: { readonly mayBeDown?: boolean; readonly mayBeAway?: boolean } = {},
): readonly Diagnostic[] {
  const { cluster, observed, operation } = input;
  const away = cluster.nodes.filter((node) => factsOf(observed, node.key) === null);
  const down = members(input).servers.filter(
    ({ key }) => factsOf(observed, key)?.rke2.server.active !== 'active',
  );
  const inHand = operation.done.length > 0 ? 1 : 0;
  const isSpared = mayBeAway && hasMajority(cluster.nodes, away);
  return [
    ...checkFollowed(input),
    ...checkPlaces(input),
    ...away.map((node) => hostAway(input, node, isSpared)),
    ...(mayBeDown || down.length <= inHand ? [] : down).map(
      ({ name, key }): Diagnostic => ({
        severity: 'error',
        code: 'server-down',
        node: key,
        message: `rke2-server does not run on ${name}. While it is down no other server may be stopped.`,
        hint: `Run \`rke2ctl up\`, which starts it, and then \`rke2ctl ${operation.verb}\` again.`,
      }),
    ),
  ];
}

function hasMajority(nodes: readonly ClusterNode[], away: readonly ClusterNode[]): boolean {
  const count = (list: readonly ClusterNode[]) => list.filter(({ roles }) => roles.includes('etcd')).length;
  return count(away) * 2 < count(nodes);
}

function hostAway({ operation, state }: MaintenanceInput, node: ClusterNode, isSpared: boolean): Diagnostic {
  const record = Object.values(state.nodes).find(
    ({ address, port }) => address === node.address && port === node.port,
  );
  const name = record?.name ?? node.key;
  const command = `rke2ctl ${operation.verb}`;
  if (isServer(node.roles) && !isSpared) {
    return {
      severity: 'error',
      code: 'host-away',
      node: node.key,
      message: `${name} was not reached. It is a server: while it is away no other may be stopped.`,
      hint: `Bring it back, or take it out of the file with \`rke2ctl up\`; then run \`${command}\` again.`,
    };
  }
  return {
    severity: 'warning',
    code: 'host-away',
    node: node.key,
    message: `${name} was not reached and is left out.`,
    hint: `Run \`${command}\` again when it is back.`,
  };
}

/** A server that has another address does not come up again before `up` has made its etcd anew for that. */
function checkPlaces(input: MaintenanceInput): readonly Diagnostic[] {
  return input.cluster.nodes.flatMap((spec): Diagnostic[] => {
    const move = findMove(input, spec);
    if (move === null || !isServer(move.record.roles)) return [];
    const { name } = move.record;
    return [
      {
        severity: 'error',
        code: 'move-pending',
        node: spec.key,
        message: `${name} has the address ${move.to} now, and the cluster knows it under ${move.from ?? 'another one'} still.`,
        hint: `Run \`rke2ctl up\`, which mends that; then \`rke2ctl ${input.operation.verb}\` again.`,
      },
    ];
  });
}

/** Between an edit of the file and its `up` nobody but the state knows who belongs to the cluster. */
function checkFollowed({ cluster, observed, operation, state }: MaintenanceInput): readonly Diagnostic[] {
  const specs = cluster.nodes.flatMap((spec) => {
    const record = recordAt(spec, observed, state);
    return record === null ? [] : [{ spec, record }];
  });
  const joined = Object.values(state.nodes).filter(({ phase }) => phase === 'joined');
  const differing = joined.filter((record) => {
    const spec = specs.find((each) => each.record.nodeId === record.nodeId)?.spec;
    return spec === undefined || [...spec.roles].sort().join() !== [...record.roles].sort().join();
  });
  if (differing.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'membership-pending',
      message: `${differing.map(({ name, address }) => `${name} (${address})`).join(', ')} ${differing.length === 1 ? 'is' : 'are'} no longer in the file, or have other roles there than in the cluster.`,
      hint: `Bring that about first with \`rke2ctl up\`, or put the file back as it was; then run \`rke2ctl ${operation.verb}\` again.`,
    },
  ];
}
