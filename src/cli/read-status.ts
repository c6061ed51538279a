import type { NodeKey } from '../domain/cluster.ts';
import type { ClusterStatus, Drift, HostHealth } from '../domain/cluster-status.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { chooseBootstrap } from '../plan/choose-bootstrap.ts';
import { judgeStatus } from '../plan/judge-status.ts';
import { planUp } from '../plan/plan-up.ts';
import { factsOf } from '../render/desired-node.ts';
import { fetchAddons } from './fetch-addons.ts';
import { resolveRelease } from './resolve-release.ts';
import type { Workspace } from './workspace.ts';

/** What the comparison may take that needs artifacts and pinned addons; without them drift is unknown. */
const DRIFT_TIMEOUT_MS = 3_000;

/** Looks at the whole cluster and judges it. `health` fills up while the hosts are looked at. */
export async function readStatus(
  workspace: Workspace,
  health: ReadonlyMap<NodeKey, HostHealth>,
): Promise<ClusterStatus> {
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  return judgeCluster(workspace, observed, health);
}

/** Judges what was seen of the cluster. */
export async function judgeCluster(
  workspace: Workspace,
  observed: Observed,
  health: ReadonlyMap<NodeKey, HostHealth>,
): Promise<ClusterStatus> {
  const { cluster } = workspace;
  // A state that cannot be read is no reason to say nothing of the cluster.
  const read = await workspace.store.read().catch((error: unknown) => {
    if (error instanceof Rke2ctlError) return error;
    throw error;
  });
  const state = read instanceof Error ? null : read;
  const drift: Drift =
    read instanceof Error
      ? { known: false, reason: read.message }
      : await compareWithFile(workspace, withNodes(observed, health), read);
  return judgeStatus({ cluster, state, observed, health, drift, now: Date.now() });
}

/** The planner takes the API's Nodes from the probe, which left them to the longer look here. */
function withNodes(observed: Observed, health: ReadonlyMap<NodeKey, HostHealth>): Observed {
  const hosts = Object.entries(observed.hosts).map(([key, host]) => {
    const nodes = health.get(key)?.nodes ?? null;
    return [
      key,
      host.reachable
        ? {
            ...host,
            facts: { ...host.facts, rke2: { ...host.facts.rke2, apiAnswers: nodes !== null, nodes } },
          }
        : host,
    ];
  });
  return { hosts: Object.fromEntries(hosts) };
}

/** A node differs when `up` would do something there; what only the end of a run does (kubeconfig, copies) is no drift. */
async function compareWithFile(
  workspace: Workspace,
  observed: Observed,
  state: State | null,
): Promise<Drift> {
  const { cluster, sessions, signals } = workspace;
  if (cluster.nodes.every(({ key }) => factsOf(observed, key) === null))
    return { known: false, reason: 'no host was reached' };
  if (state === null) return { known: false, reason: 'there is no state file beside cluster.yml' };
  const signal = AbortSignal.any([signals.stop, AbortSignal.timeout(DRIFT_TIMEOUT_MS)]);
  try {
    const release = await resolveRelease({ cluster, state, observed, signal });
    const host = (key: NodeKey) => sessions.get(key);
    const addonTexts = await fetchAddons({ cluster, state, observed, host, update: false, signal });
    const plan = planUp({
      cluster,
      observed,
      state,
      addonTexts,
      version: release.version,
      bootstrapKey: chooseBootstrap(cluster, observed, state),
      artifacts: release.artifacts,
      findings: [],
      kubeconfigPresent: true,
      checkPorts: false,
      renewsTtl: false,
    });
    const differing = plan.steps.flatMap(({ kind, node }) =>
      node === null || ENDING.has(kind) ? [] : node.name,
    );
    return { known: true, nodes: [...new Set(differing)] };
  } catch (error) {
    if (signals.stop.aborted || !(error instanceof Rke2ctlError)) throw error;
    return { known: false, reason: error.message };
  }
}

/** Steps that concern the cluster and only stand on some node's account. */
const ENDING: ReadonlySet<string> = new Set([
  'verify-nodes',
  'verify-addons',
  'delete-addon',
  'write-kubeconfig',
  'copy-state',
]);
