import type { ClusterNode, NodeKey } from '../domain/cluster.ts';
import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import type { NodeRecord } from '../domain/state.ts';
import { type DesiredNode, desiredNode, factsOf } from '../render/desired-node.ts';
import { isEmptyFirewall } from '../render/firewall-rules.ts';
import { isServer } from '../rke2/roles.ts';
import { findChanges } from './changes.ts';
import { cleanedFacts } from './cleaned-facts.ts';
import { clusterSteps } from './cluster-steps.ts';
import { compareNode, type Remembered } from './compare-node.ts';
import { renewsTtl } from './compare-ttl.ts';
import { type DepartureTies, departureSteps } from './departure-steps.ts';
import { findDrift } from './drift.ts';
import { hostSteps } from './host-steps.ts';
import { isLeftDown } from './left-down.ts';
import { findNode } from './list-nodes.ts';
import { type Departure, resolveMembership } from './membership.ts';
import { agentTies, leavingWorkerTies, type MotionTies, motionTies } from './motion-ties.ts';
import { findMoves, type Moves, type PlannedMove } from './planned-moves.ts';
import { portProbes } from './port-probes.ts';
import { dropSteps } from './previous-steps.ts';
import { findServicePlaces, type ServicePlaces } from './service-places.ts';
import { joinTarget, motionOf, type StartOrder, startOrder } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';
import { leavingAddresses, welcomeStep } from './welcome-step.ts';

/**
 * The steps that bring the hosts from what they are to what the file says, in an order in which etcd nodes come one at
 * a time, then control planes, then workers, and whoever goes goes after them. Pure and deterministic: the same input
 * gives the same bytes.
 */
export function planUp(asked: UpInput): Plan {
  const { departures, replaced } = resolveMembership(asked.cluster, asked.observed, asked.state);
  const input = {
    ...asked,
    leavingAddresses: leavingAddresses(departures),
    renewsTtl: asked.renewsTtl ?? renewsTtl(asked.cluster, asked.observed, asked.state),
  };
  const moves = findMoves(input);
  const work = input.cluster.nodes.flatMap((spec) => nodeWork(input, spec, { departures, moves }));
  const attended = work.filter((node) => !isLeftDown(input, node));
  const order = startOrder(attended, departures, input);
  const places = findServicePlaces(attended, departures, input.observed);
  const matrix = input.checkPorts ? matrixStep(input, work) : null;
  const leaving = departures.filter(({ why }) => why !== 'rejoins');
  const formerOf = (key: NodeKey) =>
    leaving.find(({ record }) => record.nodeId === replaced.get(key)?.nodeId) ?? null;
  const welcomes = departures.flatMap((departure) => welcomeStep(input, departure));
  const scene: Scene = {
    input,
    // The port matrix waits for the rest.
    doors: [...welcomes.map(({ id }) => id), ...(matrix === null ? openingIds(work) : [])],
    order,
    places,
    matrixId: matrix?.id ?? null,
    departed: leaving.map((departure) => lastStepId(departure)),
    // Who leaves first gets them when it comes back, and nobody waits for that.
    staged: work
      .filter(({ changes, rejoins }) => changes.stage && rejoins === null)
      .map(({ desired }) => stepId('stage-artifacts', desired.planned)),
  };
  const steps = [
    ...welcomes,
    ...work.flatMap((node) => nodeSteps(scene, node, formerOf(node.desired.planned.key))),
    ...leaving.flatMap((departure) => leavingSteps(scene, departure)),
    ...(matrix === null ? [] : [matrix]),
  ];
  const ended = [...steps, ...clusterSteps(input, attended, steps)];
  const all = [...ended, ...dropSteps(attended, ended)];
  return {
    schemaVersion: 1,
    clusterId: input.state.clusterId,
    clusterName: input.cluster.name,
    version: input.version,
    purpose: 'up',
    steps: all,
    findings: input.findings,
    changes: findChanges(input.state.desired, input.cluster, input.fileKeys),
    drift: findDrift(input, work),
    leaving: leaving.map(({ node }) => node),
    nodes: work.map(({ desired }) => desired.planned),
    unreachable: unreachableKeys(input),
  };
}

interface Scene {
  readonly input: UpInput;
  readonly order: StartOrder;
  readonly places: ServicePlaces;
  readonly matrixId: StepId | null;
  /** With these every node that goes for good is out of the cluster. */
  readonly departed: readonly StepId[];
  readonly staged: readonly StepId[];
  /** With these the servers let in whoever comes. */
  readonly doors: readonly StepId[];
}

/** Who of the cluster goes, and who has another address. */
interface Motions {
  readonly departures: readonly Departure[];
  readonly moves: Moves;
}

function nodeWork(input: UpInput, spec: ClusterNode, { departures, moves }: Motions): readonly NodeWork[] {
  const present = factsOf(input.observed, spec.key);
  if (present === null) return [];
  const rejoins = departures.find(({ why, node }) => why === 'rejoins' && node.key === spec.key) ?? null;
  const facts = rejoins === null ? present : cleanedFacts(present);
  const desired = desiredNode(input, spec, facts);
  const record = rejoins === null ? (input.state.nodes[desired.planned.id] ?? null) : null;
  const move = rejoins === null ? (moves.own.get(spec.key) ?? null) : null;
  return [
    {
      desired,
      changes: compareNode(
        desired,
        facts,
        remembered(input, desired, record, displacedBy(move, record, moves)),
      ),
      facts,
      record,
      move,
      isCordonedByUs: isCordonedByUs(input, desired.planned.name),
      rejoins,
    },
  ];
}

function displacedBy(
  move: PlannedMove | null,
  record: NodeRecord | null,
  { stranded }: Moves,
): Remembered['displaced'] {
  if (move !== null) return move.how;
  const isCutOff = record !== null && (record.stranded === true || stranded.has(record.nodeId));
  return isCutOff ? 'stranded' : null;
}

function remembered(
  input: UpInput,
  { bootstraps, planned, spec }: DesiredNode,
  record: NodeRecord | null,
  displaced: Remembered['displaced'],
): Remembered {
  const isOurs = record !== null && (!bootstraps || input.state.bootstrapNodeId === record.nodeId);
  const isNoted = displaced === null || displaced === 'stranded' || record?.moving !== undefined;
  const claimed = isOurs && isNoted && isAt(record, spec, planned);
  const registered = findNode(input.observed, planned.name) !== null;
  return {
    claimed,
    joined: record?.phase === 'joined',
    record,
    registered,
    keepDrift: input.keepDrift ?? false,
    renewsTtl: input.renewsTtl ?? false,
    displaced,
  };
}

/** Where the state has it is where the next run looks for it when the file names it no more. */
function isAt(record: NodeRecord, spec: ClusterNode, planned: PlannedNode): boolean {
  return (
    record.address === spec.address &&
    record.port === spec.port &&
    record.clusterAddress === planned.address &&
    (planned.otherAddress === undefined || record.otherAddress === planned.otherAddress)
  );
}

/** The steps that open the firewalls of servers; one that rejoins opens its own when it is back. */
function openingIds(work: readonly NodeWork[]): readonly StepId[] {
  return work
    .filter(
      ({ desired, changes, rejoins }) =>
        rejoins === null &&
        isServer(desired.planned.roles) &&
        changes.firewall !== null &&
        !isEmptyFirewall(changes.firewall.add),
    )
    .map(({ desired }) => stepId('open-firewall', desired.planned));
}

function isCordonedByUs({ observed }: UpInput, name: string): boolean {
  return findNode(observed, name)?.drainedByUs ?? false;
}

/** What is done for one node of the file; first its leaving, where it must come back as something else. */
function nodeSteps(scene: Scene, work: NodeWork, former: Departure | null): readonly Step[] {
  const { input, order, places, matrixId, departed, staged } = scene;
  const motion = motionOf(order, work);
  const ties =
    motion === undefined ? agentTies(input, order, work) : motionTies(input, order, motion, places);
  const leaving = work.rejoins === null ? [] : departureSteps(input, work.rejoins, places, ties);
  const last = leaving.at(-1);
  const arrival = last === undefined ? (isFree(order, work) ? FREE : ties) : returnTies(order, work);
  return [
    ...snapshotOf(ties),
    ...leaving,
    ...hostSteps(input, work, {
      prior: last === undefined ? [] : [last.id],
      motion: opensLast(scene, work, arrival),
      joinable: joinTarget(order, work.desired.planned),
      formers: former === null || !canLeaveFirst(order) ? [] : [stepId('leave-cluster', former.node)],
      matrixId: work.rejoins === null ? matrixId : null,
      departed,
      staged,
      founding: order.first === null ? null : stepId('start-service', order.first),
      planes: places.planes,
      motions: [
        ...order.members.map((node) => stepId('start-service', node)),
        ...order.chain.map(({ gate }) => gate),
      ],
    }),
  ];
}

/** Servers that come find every other server's firewall open for them. */
function opensLast({ doors }: Scene, { desired, changes }: NodeWork, ties: DepartureTies): DepartureTies {
  if (changes.start !== 'first' || !isServer(desired.planned.roles)) return ties;
  return { needs: ties.needs, after: [...new Set([...ties.after, ...doors])] };
}

/** Without a control plane nobody could delete the Node whose name is taken over. */
function canLeaveFirst({ firstControlPlane }: StartOrder): boolean {
  return firstControlPlane === null;
}

/** A worker that was a server must not be newer than an API server that is still to go. */
function returnTies({ chain, isUpgrade }: StartOrder, { desired }: NodeWork): DepartureTies {
  if (isServer(desired.planned.roles)) return FREE;
  const gates = chain.map(({ gate }) => gate);
  return isUpgrade ? { needs: gates, after: [] } : { needs: [], after: gates };
}

const FREE: DepartureTies = { needs: [], after: [] };

/** Members that are down start together, waiting for nobody. */
function isFree({ members }: StartOrder, { desired }: NodeWork): boolean {
  return members.some(({ key }) => key === desired.planned.key);
}

function leavingSteps(scene: Scene, departure: Departure): readonly Step[] {
  const { input, order, places } = scene;
  const motion = order.chain.find((each) => each.departure === departure);
  if (motion !== undefined) {
    const ties = motionTies(input, order, motion, places);
    return [...snapshotOf(ties), ...departureSteps(input, departure, places, ties)];
  }
  const ties = leavingWorkerTies(order, order.leavingWorkers.indexOf(departure));
  return departureSteps(input, departure, places, ties);
}

function snapshotOf({ snapshot }: MotionTies): readonly Step[] {
  return snapshot === null ? [] : [snapshot];
}

function lastStepId({ node, facts }: Departure): StepId {
  return stepId(facts === null ? 'leave-cluster' : 'uninstall', node);
}

/** The port matrix of the nodes that join in this run, tried after every port is open and before any service starts. */
function matrixStep(input: UpInput, work: readonly NodeWork[]): Step | null {
  const fresh = work.filter(({ rejoins }) => rejoins === null);
  const joining = new Set(
    fresh.filter(({ changes }) => changes.start === 'first').map(({ desired }) => desired.planned.key),
  );
  const probes = portProbes(
    input.cluster,
    fresh.map(({ desired }) => desired.planned),
    joining,
  );
  if (probes.length === 0) return null;
  return {
    kind: 'check-ports',
    id: 'check-ports',
    node: null,
    reason: 'nodes join in this run: every port that RKE2 needs between them is tried before the first start',
    needs: [],
    after: fresh
      .filter(({ changes }) => changes.firewall !== null)
      .map(({ desired }) => stepId('open-firewall', desired.planned)),
    probes,
  };
}

function unreachableKeys(input: UpInput): readonly NodeKey[] {
  return input.cluster.nodes.map((node) => node.key).filter((key) => factsOf(input.observed, key) === null);
}
