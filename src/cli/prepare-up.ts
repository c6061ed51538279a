import { randomBytes } from 'node:crypto';
import { fileKeyNames } from '../config/file-key-names.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Observed } from '../domain/observed.ts';
import type { Plan } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import { addonLosses } from '../plan/addon-losses.ts';
import { checkLosses } from '../plan/check-losses.ts';
import { checkManifests } from '../plan/check-manifests.ts';
import { checkMembership } from '../plan/check-membership.ts';
import { checkOperation } from '../plan/check-operation.ts';
import { checkPinnedVersion } from '../plan/check-pinned-version.ts';
import { checkPlanes } from '../plan/check-planes.ts';
import { checkQuorum } from '../plan/check-quorum.ts';
import { checkState } from '../plan/check-state.ts';
import { checkTtl } from '../plan/check-ttl.ts';
import { PORTS_CHECK_NAME } from '../plan/checks/catalog.ts';
import { checkHosts } from '../plan/checks/check-hosts.ts';
import { chooseBootstrap } from '../plan/choose-bootstrap.ts';
import { cleanedFacts } from '../plan/cleaned-facts.ts';
import { leavingSpecs } from '../plan/leaving-specs.ts';
import { resolveMembership } from '../plan/membership.ts';
import { planUp } from '../plan/plan-up.ts';
import { rememberAddons } from '../plan/remember-addons.ts';
import type { DesiredInput } from '../render/desired-node.ts';
import { renderManifests } from '../render/manifests.ts';
import { createState } from '../state/create-state.ts';
import { fetchAddons } from './fetch-addons.ts';
import { judgeFindings } from './judge-findings.ts';
import { refuseAbsent } from './refuse-absent.ts';
import { type Release, resolveRelease } from './resolve-release.ts';
import { refuseIllState } from './state/refuse-ill-state.ts';
import type { Workspace } from './workspace.ts';

/** Everything `up` needs once it is clear what is to be done. */
export interface PreparedUp {
  readonly observed: Observed;
  /** As it is to be when the run begins; on disk only once `up` has saved it. */
  readonly state: State;
  /** As it lies on disk; null when there is none yet. */
  readonly stored: State | null;
  readonly input: DesiredInput;
  readonly release: Release;
  readonly plan: Plan;
}

export interface PrepareOptions {
  readonly checkPorts: boolean;
  readonly ignoredChecks: readonly string[];
  /** Take addons from their URLs anew. */
  readonly updateAddons: boolean;
  /** Nodes, by name or address, that a new machine takes the place of. */
  readonly replace: readonly string[];
  /** Leave alone what is only drift. */
  readonly keepDrift: boolean;
  /** For a verb that is in hand: what it has seen, and the state as it is to be when it goes on. */
  readonly inHand?: { readonly observed: Observed; readonly state: State };
}

/**
 * From the file to the plan: asks the hosts, reads the state, settles the version, checks, plans. Changes nothing.
 * Throws CheckError with every finding when the hosts are not fit for it.
 */
export async function prepareUp(workspace: Workspace, options: PrepareOptions): Promise<PreparedUp> {
  const { cluster } = workspace;
  const stored = await workspace.store.read();
  const observed = options.inHand?.observed ?? (await lookAtHosts(workspace, stored));
  const known = options.inHand?.state ?? stored ?? createState(cluster.name, randomBytes);
  const signal = workspace.signals.stop;
  const release = await resolveRelease({ cluster, state: known, observed, signal });
  const addonTexts = await fetchAddons({
    cluster,
    state: known,
    observed,
    host: (key) => workspace.sessions.get(key),
    update: options.updateAddons,
    signal,
  });
  const manifests = renderManifests(cluster, addonTexts);
  const findings = [
    ...workspace.findings,
    ...checkHosts({
      cluster,
      observed: asTheyWillBe(cluster, observed, known),
      clusterId: stored?.clusterId ?? null,
      adopting: adoptedMachines(known),
      requiredDiskBytes: release.requiredDiskBytes,
      architectures: release.architectures,
    }),
    ...checkPinnedVersion(cluster, stored === null, release.version),
    ...(options.inHand === undefined ? checkOperation(known) : []),
    ...checkState(cluster, observed, known, release.version),
    ...checkMembership(cluster, observed, known, options.replace),
    ...checkTtl(cluster, observed, known),
    ...checkManifests(manifests, known),
    ...checkLosses(addonLosses(known, manifests, cluster)),
  ];
  const judged = judgeFindings(findings, options.ignoredChecks, workspace);

  const state = rememberAddons(known, manifests, cluster, observed);
  const input: DesiredInput = {
    cluster,
    observed,
    state,
    addonTexts,
    version: release.version,
    bootstrapKey: chooseBootstrap(cluster, observed, state),
    artifacts: release.artifacts,
  };
  const plan = planUp({
    ...input,
    findings: warnings(judged),
    kubeconfigPresent: await workspace.operator.hasKubeconfig(),
    checkPorts: options.checkPorts && !options.ignoredChecks.includes(PORTS_CHECK_NAME),
    keepDrift: options.keepDrift,
    fileKeys: fileKeyNames(),
  });
  const dangers = [...checkQuorum(cluster, observed, state, plan), ...checkPlanes(observed, state, plan)];
  const risks = judgeFindings(dangers, options.ignoredChecks, workspace);
  const whole: Plan = { ...plan, findings: [...plan.findings, ...warnings(risks)] };
  return { observed, state, stored, input, release, plan: whole };
}

/** Rejects where no host answers, and where the state is not the one to go on from. */
async function lookAtHosts(workspace: Workspace, stored: State | null): Promise<Observed> {
  const { cluster, connectWindow, sessions, signals } = workspace;
  sessions.add(leavingSpecs(cluster, stored));
  const observed = await sessions.observe(connectWindow, signals.stop);
  refuseAbsent(cluster, observed, stored);
  await refuseIllState(workspace, observed, stored);
  return observed;
}

/** Members that were not installed by us: their markers may still be missing. */
function adoptedMachines({ nodes }: State): readonly string[] {
  return Object.values(nodes).flatMap(({ adopted, machineId }) => (adopted === undefined ? [] : [machineId]));
}

/** Hosts whose nodes leave and join anew are judged as their leaving will leave them. */
function asTheyWillBe(cluster: Cluster, observed: Observed, state: State): Observed {
  const { departures } = resolveMembership(cluster, observed, state);
  const rejoining = departures.flatMap(({ why, node, facts }) =>
    why === 'rejoins' && facts !== null
      ? [[node.key, { reachable: true as const, facts: cleanedFacts(facts) }] as const]
      : [],
  );
  if (rejoining.length === 0) return observed;
  return { hosts: { ...observed.hosts, ...Object.fromEntries(rejoining) } };
}

function warnings(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  return findings.filter((finding) => finding.severity === 'warning');
}
