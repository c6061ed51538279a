import type { Cluster, ClusterNode, NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { MARKER_PATH, type Marker } from '../domain/marker.ts';
import { nodeId, nodeKey } from '../domain/node-identity.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { Plan, PlannedNode, Step } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { formerTtlSeconds } from '../domain/time-to-live.ts';
import { factsOf, plannedNode } from '../render/desired-node.ts';
import { stepId } from './step-id.ts';
import { hasCleanedItself, hasTtlTraces, ttlPassed, ttlPassedText } from './ttl-passed.ts';

export interface RemoveInput {
  readonly cluster: Cluster;
  readonly observed: Observed;
  /** null when the state is lost; the markers then say what is ours. */
  readonly state: State | null;
  readonly clusterId: string;
  readonly version: string;
  /** Directory on the operator's machine for the local snapshots; null lets them go with the hosts' data. */
  readonly keepSnapshots: string | null;
  /** True: hosts that cannot be reached do not keep the state alive. */
  readonly ignoreUnreachable: boolean;
  readonly findings: readonly Diagnostic[];
}

interface Leaving {
  readonly node: PlannedNode;
  readonly facts: HostFacts;
  readonly marker: Marker | null;
}

/**
 * The steps that take a cluster away: workers first, all at once; then the servers one by one, the one that made the
 * cluster last; then what the operator's machine knows of it, once every host is clean.
 */
export function planRemove(input: RemoveInput): Plan {
  const leaving = input.cluster.nodes.flatMap((spec) => leavingNode(input, spec));
  const workers = leaving.filter(({ node }) => node.service === 'rke2-agent');
  const servers = leaving.filter(({ node }) => node.service === 'rke2-server').reverse();
  const silent = input.cluster.nodes
    .map((node) => node.key)
    .filter((key) => factsOf(input.observed, key) === null);
  const forgotten = forgottenRecords(input);
  const unreachable = [...silent, ...forgotten.map(({ address, port }) => nodeKey(address, port))];
  const snapshots = input.keepSnapshots === null ? [] : servers.flatMap((server) => fetchStep(server, input));
  const kept = snapshots.map((step) => step.id);
  const first = workers.map((worker) => uninstallStep(worker, kept, []));
  const then = servers.map((server, index) => {
    const before = servers[index - 1];
    const waits = before === undefined ? first.map((step) => step.id) : [stepId('uninstall', before.node)];
    return uninstallStep(server, kept, waits);
  });
  const uninstalls = [...first, ...then];
  const forget = unreachable.length === 0 || input.ignoreUnreachable;
  return {
    schemaVersion: 1,
    clusterId: input.clusterId,
    clusterName: input.cluster.name,
    version: input.version,
    purpose: 'remove',
    steps: [
      ...snapshots,
      ...uninstalls,
      ...(forget && (input.state !== null || uninstalls.length > 0) ? [forgetStep(uninstalls)] : []),
    ],
    findings: [
      ...input.findings,
      ...unplacedMarkers(input),
      ...goneByThemselves(input),
      ...(input.cluster.externalDatastore && servers.length > 0 ? [datastoreLeft()] : []),
      ...(input.ignoreUnreachable ? unreachable.map(leftBehind) : forgotten.map(leftFile)),
    ],
    changes: [],
    drift: [],
    leaving: [],
    nodes: reachedNodes(input),
    unreachable: input.ignoreUnreachable ? [] : unreachable,
  };
}

/** Members that the file no longer names: RKE2 may still run there, so the state must not go. */
function forgottenRecords({ cluster, observed, state, clusterId }: RemoveInput): readonly NodeRecord[] {
  return Object.values(state?.nodes ?? {}).filter(
    (record) =>
      !cluster.nodes.some((node) => {
        const facts = factsOf(observed, node.key);
        const isThere = facts !== null && nodeId(clusterId, facts.machineId) === record.nodeId;
        return isThere || (node.address === record.address && node.port === record.port);
      }),
  );
}

function leftFile({ name, address }: NodeRecord): Diagnostic {
  return {
    severity: 'warning',
    code: 'node-left-file',
    node: name,
    message: `${name} (${address}) belongs to this cluster and is no longer in the file, so nothing is taken away there.`,
    hint: `Put ${address} back into the file and run \`rke2ctl remove\` again; \`--ignore-unreachable\` forgets it.`,
  };
}

/** Nothing that runs on a host reaches the datastore once RKE2 is gone, and what else lies there is not ours to judge. */
function datastoreLeft(): Diagnostic {
  return {
    severity: 'warning',
    code: 'datastore-left',
    message:
      'The data of this cluster stay in its external datastore, the keys of its certificates among them: rke2ctl takes nothing away there.',
    hint: 'Delete them before another cluster uses that datastore, which would refuse to start on them: in etcd everything below /registry/ and /bootstrap/, in a database the table `kine`.',
  };
}

function leftBehind(key: NodeKey): Diagnostic {
  return {
    severity: 'warning',
    code: 'host-left-behind',
    node: key,
    message: `${key} is let pass: whatever this cluster has brought there stays.`,
    hint: 'If the host ever comes back, run `rke2-killall.sh` and `rke2-uninstall.sh` there, or `rke2ctl remove` with a file that names it.',
  };
}

/** A marker that cannot be read on a host that no record names may be anybody's. */
function unplacedMarkers(input: RemoveInput): readonly Diagnostic[] {
  return input.cluster.nodes.flatMap((spec): Diagnostic[] => {
    const facts = factsOf(input.observed, spec.key);
    if (facts?.rke2.marker !== 'unreadable' || isRecorded(input, facts)) return [];
    return [
      {
        severity: 'warning',
        code: 'marker-unreadable',
        node: spec.key,
        message: `${MARKER_PATH} on ${spec.key} cannot be read as ours, so the host is left as it is.`,
        hint: 'Use the rke2ctl that wrote it. If the host is yours to reuse, run `rke2-uninstall.sh` there and delete the file.',
      },
    ];
  });
}

function isRecorded({ state, clusterId }: RemoveInput, facts: HostFacts): boolean {
  return state?.nodes[nodeId(clusterId, facts.machineId)] !== undefined;
}

/** A host that carries something of this cluster, or may: a marker of ours, or a record of it and no other's marker. */
function leavingNode(input: RemoveInput, spec: ClusterNode): readonly Leaving[] {
  const facts = factsOf(input.observed, spec.key);
  if (facts === null) return [];
  const { marker } = facts.rke2;
  const ours =
    marker !== null && marker !== 'unreadable' && marker.clusterId === input.clusterId ? marker : null;
  const isOthers = marker !== null && marker !== 'unreadable';
  if (ours === null && (isOthers || !isRecorded(input, facts) || isLeftAlone(input, facts))) return [];
  const node = plannedNode(ours === null ? spec : { ...spec, roles: ours.roles }, facts, input.clusterId);
  return [{ node, facts, marker: ours }];
}

/**
 * A member without marker and timer, of a cluster that goes by itself when its time is over, has done so; what runs there
 * now is somebody else's.
 */
function isLeftAlone({ state }: RemoveInput, facts: HostFacts): boolean {
  return (
    formerTtlSeconds(state?.desired ?? null) !== null && facts.rke2.marker === null && !hasTtlTraces(facts)
  );
}

/** Says that the cluster has gone by itself, and which hosts have another one since. */
function goneByThemselves(input: RemoveInput): readonly Diagnostic[] {
  const passed = ttlPassed(input.cluster, input.observed, input.state);
  const reused = input.cluster.nodes.filter(({ key }) => {
    const facts = factsOf(input.observed, key);
    if (facts === null || !isRecorded(input, facts) || !isLeftAlone(input, facts)) return false;
    return !hasCleanedItself(facts);
  });
  return [
    ...(passed === null
      ? []
      : [
          {
            severity: 'warning' as const,
            code: 'ttl-passed',
            message: ttlPassedText(passed),
            hint: 'Nothing need be done there any more; what this machine knows of the cluster is forgotten once every host is clean.',
          },
        ]),
    ...reused.map(({ key }) => ({
      severity: 'warning' as const,
      code: 'host-reused',
      node: key,
      message: `${key} has RKE2 without marker and timer of this cluster, whose time to live is over: it is taken to be somebody else’s, and left alone.`,
      hint: 'If it is this cluster’s after all, run `rke2-killall.sh` and `rke2-uninstall.sh` there.',
    })),
  ];
}

function reachedNodes(input: RemoveInput): readonly PlannedNode[] {
  return input.cluster.nodes.flatMap((spec) => {
    const facts = factsOf(input.observed, spec.key);
    return facts === null ? [] : [plannedNode(spec, facts, input.clusterId)];
  });
}

function fetchStep({ node, facts }: Leaving, input: RemoveInput): readonly Step[] {
  const names = facts.rke2.snapshots.map((snapshot) => snapshot.name);
  if (names.length === 0 || input.keepSnapshots === null) return [];
  return [
    {
      kind: 'fetch-snapshots',
      id: stepId('fetch-snapshots', node),
      node,
      reason: 'its etcd snapshots are to be kept',
      needs: [],
      after: [],
      names,
      directory: input.keepSnapshots,
    },
  ];
}

function uninstallStep({ node, marker }: Leaving, needs: readonly string[], after: readonly string[]): Step {
  const reason =
    marker === null ? 'its marker is gone, but the state knows it' : 'it belongs to this cluster';
  return { kind: 'uninstall', id: stepId('uninstall', node), node, reason, needs, after, marker };
}

function forgetStep(uninstalls: readonly Step[]): Step {
  return {
    kind: 'forget-state',
    id: 'forget-state',
    node: null,
    reason: 'every host is clean',
    needs: uninstalls.map((step) => step.id),
    after: [],
  };
}
