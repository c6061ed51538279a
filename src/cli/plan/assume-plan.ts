import { homedir } from 'node:os';
import { cacheFolder, openFileCache } from '../../artifacts/file-cache.ts';
import { readInventory } from '../../artifacts/inventory.ts';
import { type LoadedCluster, loadCluster } from '../../config/load-cluster.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { CheckError } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';
import { checkManifests } from '../../plan/check-manifests.ts';
import { checkMembership } from '../../plan/check-membership.ts';
import { checkState } from '../../plan/check-state.ts';
import { checkTtl } from '../../plan/check-ttl.ts';
import { applyIgnored } from '../../plan/checks/apply-ignored.ts';
import { chooseBootstrap } from '../../plan/choose-bootstrap.ts';
import { planUp } from '../../plan/plan-up.ts';
import { recallCluster } from '../../plan/recall-cluster.ts';
import { rememberAddons } from '../../plan/remember-addons.ts';
import type { PlanRequest } from '../../plan/saved-plan.ts';
import { selectSteps } from '../../plan/select-steps.ts';
import type { DesiredInput } from '../../render/desired-node.ts';
import { renderManifests } from '../../render/manifests.ts';
import { configEnvironment, findCaller, localCluster, localConfigPath } from '../cluster-source.ts';
import type { PlanFlags } from '../flags.ts';
import { inspectKubeconfig } from '../kubeconfig/kubeconfig-file.ts';
import { resolveRelease } from '../resolve-release.ts';
import { readState } from '../state/read-state.ts';
import { type AssumedRelease, type RememberedHosts, rememberHosts } from '../state/remembered-hosts.ts';
import { assumeInput } from './assume-input.ts';

/** A plan that was made without asking anybody, and what is therefore not certain. */
export interface AssumedPlan {
  readonly cluster: Cluster;
  readonly plan: Plan;
  readonly input: DesiredInput;
  /** What stands in our files, as far as the state tells. */
  readonly files: RememberedHosts['files'];
  /** Sentences for the person. */
  readonly notes: readonly string[];
}

/**
 * What `up` would do if every host were as the last run left it: planned from file and state alone, without network.
 * Throws CheckError for what no host is needed to see.
 */
export async function assumePlan(flags: PlanFlags, request: PlanRequest): Promise<AssumedPlan> {
  const { cluster, findings: ofFile } = await load(flags);
  const [config = ''] = flags.local === true ? [localConfigPath(findCaller(process.env))] : flags.config;
  const stored = await readState(config);
  const { input: assumed, notes } = await assumeInput(cluster, stored);
  const release = await assumeRelease(assumed);
  const desired = stored?.desired ?? null;
  const former = desired === null ? cluster : recallCluster(desired, cluster);
  const { observed, state: known, files } = rememberHosts(cluster, former, assumed.state, release);
  const manifests = renderManifests(cluster, assumed.addonTexts);
  const state = rememberAddons(known, manifests, cluster, observed);
  const findings = applyIgnored(
    [
      ...ofFile,
      ...checkState(cluster, observed, state, release.version),
      ...checkMembership(cluster, observed, state, request.replace),
      ...checkTtl(cluster, observed, state),
      ...checkManifests(manifests, state),
    ],
    request.ignoredChecks,
  );
  if (findings.some(({ severity }) => severity === 'error')) throw new CheckError(findings);
  const input: DesiredInput = {
    ...assumed,
    observed,
    state,
    version: release.version,
    artifacts: release.artifacts,
    bootstrapKey: chooseBootstrap(cluster, observed, state),
  };
  const plan = planUp({
    ...input,
    findings,
    kubeconfigPresent: (await inspectKubeconfig(cluster.kubeconfig.path, cluster.name)) === 'ours',
    checkPorts: request.checkPorts,
    keepDrift: request.keepDrift,
  });
  return {
    cluster,
    plan: selectSteps(plan, request),
    input,
    files,
    notes: [NOBODY_ASKED, ...(stored === null ? [] : [NO_DRIFT]), ...notes],
  };
}

const NOBODY_ASKED =
  'No host was asked: this is what `up` would do if each were as the state says. Whether firewalld runs, and of which architecture a new host is, only the hosts know.';

const NO_DRIFT =
  'What was changed on the hosts since the last run cannot be seen; secrets count as unchanged.';

async function load(flags: PlanFlags): Promise<Pick<LoadedCluster, 'cluster' | 'findings'>> {
  if (flags.local === true) return { cluster: localCluster(findCaller(process.env), flags), findings: [] };
  // No command is run for what is not shown anyway.
  return loadCluster(
    flags.config,
    configEnvironment((line) => `(the output of ${line})`),
  );
}

/** What the artifacts hold, for the first architecture that is there; hosts that download need none. */
async function assumeRelease({ cluster, observed, state, version }: DesiredInput): Promise<AssumedRelease> {
  const { artifacts, method } = cluster.install;
  if (method !== 'airgap' || artifacts === null || artifacts.includes('://'))
    return { version, arch: '', artifacts: {} };
  const inventory = await readInventory(artifacts, openFileCache(cacheFolder(process.env, homedir())));
  const arch = Object.keys(inventory.archs)[0] ?? '';
  const hosts = Object.fromEntries(
    Object.entries(observed.hosts).map(([key, host]) => [
      key,
      host.reachable ? { ...host, facts: { ...host.facts, arch } } : host,
    ]),
  );
  const signal = new AbortController().signal;
  const release = await resolveRelease({ cluster, state, observed: { hosts }, signal });
  return { version: release.version, arch, artifacts: release.artifacts };
}
