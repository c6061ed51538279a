import type { Plan, PlannedNode, StepId } from '../../domain/plan.ts';
import { sha256 } from '../../lib/hash.ts';
import { desiredNode, factsOf } from '../../render/desired-node.ts';
import type { RenderedFile } from '../../render/rendered-file.ts';
import { AGENT_TOKEN_PATH, CONFIG_PATH, SERVER_TOKEN_PATH } from '../../rke2/paths.ts';
import { apiUrl } from '../api-url.ts';
import { stateOfFile } from '../hand-made.ts';
import { maxUnavailable } from '../max-unavailable.ts';
import { stepId } from '../step-id.ts';
import { checkParticipants } from './check-participants.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { type Participants, participants } from './participants.ts';
import { goBack, stageRelease } from './restore-version.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { type Draft, endsOf, inLanes, inTurn, makeStretch, type Stretch } from './stretch.ts';

/** How etcd is made anew: on which node, and with what data. */
export interface Remaking {
  /** Id of the node whose etcd becomes the cluster's. */
  readonly first: string;
  /** Name of a placed snapshot; null: the node's own data. */
  readonly snapshot: string | null;
  /** The RKE2 to which every node goes back meanwhile; null: each keeps its own. */
  readonly version: string | null;
  /** Whether how it is now is saved before, where that can be. */
  readonly takesSafetySnapshot: boolean;
  /** Done before anything is stopped. */
  readonly before: readonly Draft[];
  readonly reason: string;
}

/** Files that say who founds, whom the others join, and with what token. */
const OWN_PATHS: readonly string[] = [CONFIG_PATH, SERVER_TOKEN_PATH, AGENT_TOKEN_PATH];

/** They pin the CA, which a snapshot brings along. */
const PINNING_PATHS: readonly string[] = [SERVER_TOKEN_PATH, AGENT_TOKEN_PATH];

interface Scene {
  readonly input: MaintenanceInput;
  readonly how: Remaking;
  readonly first: PlannedNode;
  readonly who: Participants;
  readonly mark: string;
  /** Control planes, the first node before the others. */
  readonly planes: readonly PlannedNode[];
}

/**
 * All servers are stopped; etcd is made anew on one; the others, whose databases are moved aside, join it one by one;
 * agents start anew; Nodes of machines that are gone are deleted; and every Node must get Ready.
 */
export function planRemaking(input: MaintenanceInput, how: Remaking): Plan {
  const who = participants(input);
  const first = who.servers.find(({ id }) => id === how.first);
  const findings = checkParticipants(input, who, first ?? null);
  if (first === undefined) return maintenancePlan(input, [], findings);
  const isPlane = ({ roles }: PlannedNode) => roles.includes('controlplane');
  const planes = [first, ...who.servers.filter((node) => node !== first)].filter(isPlane);
  const mark = String(Math.floor(input.operation.startedAt / 1000));
  const plan = maintenancePlan(input, stretchesOf({ input, how, first, who, mark, planes }), findings);
  return withCopy({ ...plan, nodes: [...who.servers, ...who.agents] }, planes[0] ?? null);
}

function stretchesOf(scene: Scene): readonly Stretch[] {
  const { input, how, first, who } = scene;
  const others = who.servers.filter((node) => node !== first);
  const placed = how.before.length === 0 ? [] : [makeStretch(how.before)];
  const staged = stageRelease(input, how.version, [...who.servers, ...who.agents]);
  const saves = how.takesSafetySnapshot && isUntouched(input);
  const safety = saves ? safetySnapshot(input).map((each) => tie(each, endsOf([...placed, ...staged]))) : [];
  const ready = endsOf([...placed, ...staged, ...safety]);
  const stopped = who.servers.map((node) =>
    makeStretch([{ kind: 'stop-service', node, reason: how.reason, containers: true }], ready),
  );
  const [reset = [], ...rest] = inTurn(
    [resetDrafts(scene), [startDraft(scene, first)], ...pruneAfter(scene, first)],
    endsOf(stopped),
  );
  const founded = [reset, ...rest];
  const joined = inTurn(
    others.map((node) => joinDrafts(scene, node)),
    endsOf(founded.slice(-1)),
  );
  const late = first.roles.includes('controlplane')
    ? []
    : inTurn([pruneDrafts(scene)], endsOf([...founded, ...joined].slice(-1)));
  const servers = [...founded, ...joined, ...late];
  const agents = agentStretches(scene, endsOf(servers.slice(-1)));
  const prior = endsOf([...servers.slice(-1), ...agents]);
  return [...placed, ...staged, ...safety, ...stopped, ...servers, ...agents, ...proofs(scene, prior)];
}

/** Once a server was stopped no snapshot of before can be taken any more. */
function isUntouched({ operation }: MaintenanceInput): boolean {
  return !operation.done.some((id) => id.startsWith('stop-service') || id.startsWith('reset-etcd'));
}

function tie(stretch: Stretch, prior: readonly StepId[]): Stretch {
  return stretch.map((step, index) => (index === 0 ? { ...step, needs: [...step.needs, ...prior] } : step));
}

function resetDrafts({ input, how, first, who, mark }: Scene): readonly Draft[] {
  return [
    ...goBack(input, how.version, first),
    ...filesDrafts({ input, how }, first, 'it is to found, and to join nobody'),
    {
      kind: 'reset-etcd',
      node: first,
      reason: how.reason,
      snapshot: how.snapshot,
      mark,
      leftBehind: who.leftBehind.map(({ nodeId }) => nodeId),
      forgotten: who.forgotten.map(({ nodeId }) => nodeId),
    },
  ];
}

function startDraft({ first }: Scene, node: PlannedNode): Draft<'start-service'> {
  const joins = node !== first;
  return {
    kind: 'start-service',
    node,
    reason: joins ? 'it joins etcd as it is now' : 'etcd is a cluster of one there',
    join: joins ? { key: first.key, address: first.address } : null,
    voter: node.roles.includes('etcd'),
    restart: false,
  };
}

/** The files first: a host that boots with no database, and names nobody whom it joins, founds a cluster of its own. */
function joinDrafts(scene: Scene, node: PlannedNode): readonly Draft[] {
  return [
    ...goBack(scene.input, scene.how.version, node),
    ...filesDrafts(scene, node, 'they name whom it joins'),
    { kind: 'move-database', node, reason: 'it belongs to etcd as it was before', mark: scene.mark },
    startDraft(scene, node),
  ];
}

/** Names must be free before others come, where the first node has an API server that can free them. */
function pruneAfter(scene: Scene, first: PlannedNode): readonly (readonly Draft[])[] {
  return first.roles.includes('controlplane') ? [pruneDrafts(scene)] : [];
}

function pruneDrafts({ first, who, planes }: Scene): readonly Draft[] {
  const known = [...who.servers, ...who.agents].filter(
    (node) => node === first || !who.fresh.includes(node.name),
  );
  return [
    {
      kind: 'prune-nodes',
      // Whoever is asked in the end, it is the same step.
      id: 'prune-nodes',
      node: first,
      reason: 'the data may know machines that are not in the cluster any more',
      via: planes.map(({ key }) => key),
      keep: [...known.map(({ name }) => name), ...who.awayAgents.map(({ name }) => name)],
      fresh: who.fresh.filter((name) => name !== first.name),
    },
  ];
}

function agentStretches({ input, how, who }: Scene, prior: readonly StepId[]): readonly Stretch[] {
  const count = Math.max(who.agents.length, 1);
  const lanes = Math.min(maxUnavailable(input.cluster.upgrade.maxUnavailableWorker, count), count);
  const drafts = who.agents.map((node): readonly Draft[] => [
    ...goBack(input, how.version, node),
    ...filesDrafts({ input, how }, node, 'they name whom it joins'),
    {
      kind: 'start-service',
      node,
      reason: 'it must not go on with what it knew before',
      join: null,
      voter: false,
      restart: true,
    },
  ]);
  return inLanes(drafts, lanes, prior);
}

/** What of a node's files is otherwise than it is to be from now on, or will be known only later. */
function filesDrafts(
  { input, how }: Pick<Scene, 'input' | 'how'>,
  node: PlannedNode,
  reason: string,
): readonly Draft[] {
  const spec = input.cluster.nodes.find(({ key }) => key === node.key);
  const facts = factsOf(input.observed, node.key);
  if (spec === undefined || facts === null) return [];
  const isLate = ({ path, content }: RenderedFile) =>
    content === null || (how.snapshot !== null && PINNING_PATHS.includes(path));
  const files = desiredNode(input, { ...spec, roles: node.roles }, facts)
    .files.filter(({ path }) => OWN_PATHS.includes(path))
    .filter((file) => isLate(file) || stateOfFile(file, facts) !== 'in-place')
    .map((file) => ({
      path: file.path,
      mode: file.mode,
      sha256: isLate(file) || file.content === null ? null : sha256(file.content),
    }));
  return files.length === 0 ? [] : [{ kind: 'write-files', node, reason, files, removed: [] }];
}

function proofs({ input, who, planes }: Scene, prior: readonly StepId[]): readonly Stretch[] {
  const [plane] = planes;
  if (plane === undefined) return [];
  const nodes = [...who.servers, ...who.agents].map(({ key, name, roles, address }) => ({
    key,
    name,
    roles,
    address,
  }));
  const kubeconfig: Draft = {
    kind: 'write-kubeconfig',
    node: plane,
    reason: 'its certificates may be others now',
    server: apiUrl(input.cluster, plane.key),
  };
  const verify: Draft = {
    kind: 'verify-nodes',
    node: plane,
    reason: 'every node must be back',
    nodes,
  };
  return [makeStretch([kubeconfig, verify], prior)];
}

/** The cluster's copy of the state is that of the data's time, wherever the data came from. */
function withCopy(plan: Plan, plane: PlannedNode | null): Plan {
  if (plane === null || plan.steps.length === 0 || plan.steps.some(({ kind }) => kind === 'copy-state'))
    return plan;
  const copy = {
    kind: 'copy-state',
    id: stepId('copy-state', plane),
    node: plane,
    reason: 'a copy of the state lives in the cluster',
    needs: ['end-operation'],
    after: [],
  } as const;
  return { ...plan, steps: [...plan.steps, copy] };
}
