import type { PlannedNode, StepId } from '../../domain/plan.ts';
import { isServer } from '../../rke2/roles.ts';
import { maxUnavailable } from '../max-unavailable.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { type Draft, endsOf, inLanes, inTurn, makeStretch, type Stretch } from './stretch.ts';

/** What is done on one node around its restart; `restart` is the step that starts its service. */
export type AroundRestart = (node: PlannedNode, restart: Draft<'start-service'>) => readonly Draft[];

/**
 * Every node starts anew: servers one by one, each READY and a voter before the next (whom `isFirst` names before the
 * others), then agents, as many at once as `upgrade_strategy.max_unavailable_worker` lets be away. The first waits for
 * `prior`.
 */
export function restartAll(
  input: MaintenanceInput,
  reason: string,
  prior: readonly StepId[] = [],
  around: AroundRestart = (_node, restart) => [restart],
  isFirst: (node: PlannedNode) => boolean = () => false,
): readonly Stretch[] {
  const { servers } = members(input);
  const inOrder = [...servers.filter(isFirst), ...servers.filter((node) => !isFirst(node))];
  const first = inTurn(
    inOrder.map((node) => around(node, restartDraft(input, node, reason))),
    prior,
  );
  const last = first.at(-1);
  return [...first, ...restartAgents(input, reason, last ? endsOf([last]) : prior, around)];
}

/**
 * All servers are stopped (with what `stop` says of each) before any starts; etcd nodes start at once, as they need each
 * other, then the other servers one by one, then agents.
 */
export function restartTogether(
  input: MaintenanceInput,
  reason: string,
  prior: readonly StepId[],
  stop: (node: PlannedNode) => readonly Draft[],
  around: AroundRestart,
): readonly Stretch[] {
  const { servers } = members(input);
  const stopped = servers.map((node) => makeStretch(stop(node), prior));
  const drafts = (node: PlannedNode) => around(node, restartDraft(input, node, reason));
  const hasEtcd = ({ roles }: PlannedNode) => roles.includes('etcd');
  const etcd = servers.filter(hasEtcd).map((node) => makeStretch(drafts(node), endsOf(stopped)));
  const planes = inTurn(
    servers.filter((node) => !hasEtcd(node)).map(drafts),
    endsOf(etcd.length > 0 ? etcd : stopped),
  );
  const started = [...etcd, ...planes];
  return [...stopped, ...started, ...restartAgents(input, reason, endsOf(started), around)];
}

function restartAgents(
  input: MaintenanceInput,
  reason: string,
  prior: readonly StepId[],
  around: AroundRestart,
): readonly Stretch[] {
  const { agents } = members(input);
  const most = Math.max(agents.length, 1);
  const lanes = Math.min(maxUnavailable(input.cluster.upgrade.maxUnavailableWorker, most), most);
  const drafts = agents.map((node) => around(node, restartDraft(input, node, reason)));
  return inLanes(drafts, lanes, prior);
}

/** The step with which a node's service starts anew. */
export function restartDraft(
  { cluster }: MaintenanceInput,
  node: PlannedNode,
  reason: string,
): Draft<'start-service'> {
  return {
    kind: 'start-service',
    node,
    reason,
    join: null,
    voter: isServer(node.roles) && node.roles.includes('etcd') && !cluster.externalDatastore,
    restart: true,
  };
}

/** Whether a node's own configuration names nobody whom it joins: it asks its own etcd for what servers share. */
export function isFounder({ bootstrapKey }: MaintenanceInput): (node: PlannedNode) => boolean {
  return ({ key }) => key === bootstrapKey;
}

/**
 * A server's restart while what servers share is being changed: who has a `server:` may ask that one, and be told what it
 * had when it started itself. So it is pointed at the founder, which has started anew before.
 */
export function askingFounder(
  input: MaintenanceInput,
  node: PlannedNode,
  restart: Draft<'start-service'>,
): Draft<'start-service'> {
  const founder = members(input).servers.find(isFounder(input));
  const asks = founder !== undefined && founder.key !== node.key && isServer(node.roles);
  return asks ? { ...restart, join: { key: founder.key, address: founder.address } } : restart;
}
