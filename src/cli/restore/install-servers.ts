import { randomBytes } from 'node:crypto';
import type { ClusterNode } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { CheckError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Secret } from '../../domain/secret.ts';
import type { NodeRecord, State } from '../../domain/state.ts';
import { applyIgnored } from '../../plan/checks/apply-ignored.ts';
import { leavingSpecs } from '../../plan/leaving-specs.ts';
import { checkQuorumElsewhere, livingOutside } from '../../plan/maintenance/check-participants.ts';
import { installOnly } from '../../plan/maintenance/install-only.ts';
import { idOfNode, participants } from '../../plan/maintenance/participants.ts';
import type { RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { factsOf } from '../../render/desired-node.ts';
import { isServer } from '../../rke2/roles.ts';
import { createState } from '../../state/create-state.ts';
import { ageText } from '../../ui/age-text.ts';
import { countText } from '../../ui/table.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { SnapshotRestoreFlags } from '../flags.ts';
import { prepareUp } from '../prepare-up.ts';
import { runUp } from '../run-up.ts';
import { showMaintenance } from '../show-maintenance.ts';
import { refuseExternal } from '../snapshots/gather-snapshots.ts';
import { refuseIllState } from '../state/refuse-ill-state.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';
import { beginRestore, refuseNewer, settleRestore } from './restore-request.ts';

const VERB = 'etcd snapshot-restore' as const;

/**
 * All servers are lost: puts RKE2 onto the machines of the file, as `up` would, and starts nothing. Before that the
 * snapshot is here and proved, and the state says what is in hand, so that no `up` can found an empty cluster there.
 * Exit 0: the restore itself can go on.
 */
export function installServers(
  snapshot: string | undefined,
  given: Secret | null,
  flags: SnapshotRestoreFlags,
): Promise<ExitCode> {
  return withWorkspace({ command: VERB, flags, locks: flags.plan !== true }, async (workspace) => {
    const stored = await workspace.store.read();
    const { sessions, signals, cluster } = workspace;
    sessions.add(leavingSpecs(cluster, stored));
    const observed = await sessions.observe(workspace.connectWindow, signals.stop);
    await refuseIllState(workspace, observed, stored);
    refuseExternal(cluster);
    if (stored !== null) refuseLiving(workspace, observed, stored, flags);
    const begun = await begin(workspace, { observed, stored, snapshot, given, flags });
    const { name, takenWith = null, version = cluster.version } = begun.operation.request;
    // Of the version that was asked for, also where the file names another.
    const then: Workspace = { ...workspace, cluster: { ...cluster, version } };
    const prepared = await prepareUp(then, {
      checkPorts: true,
      ignoredChecks: flags.ignoreCheck ?? [],
      updateAddons: false,
      replace: [],
      keepDrift: false,
      inHand: { observed, state: begun },
    });
    refuseNewer(name, takenWith, prepared.release.version);
    const plan = { ...installOnly(prepared.plan), purpose: VERB } as const;
    if (flags.plan === true) return showMaintenance(plan, flags);
    const hosts = countText(plan.nodes.length, 'host');
    await confirm(
      workspace,
      begun.operation.request,
      `RKE2 ${prepared.release.version} is put onto ${hosts}`,
      flags,
    );
    await workspace.store.write(begun);
    const result = await runUp(
      then,
      { ...prepared, plan, isPartial: true },
      { concurrency: flags.concurrency, timeout: flags.timeout },
    );
    return exitCodeOf(result);
  });
}

interface Found {
  readonly observed: Observed;
  readonly stored: State | null;
  readonly snapshot: string | undefined;
  readonly given: Secret | null;
  readonly flags: SnapshotRestoreFlags;
}

interface Begun extends State {
  readonly operation: Operation & { readonly request: RestoreRequest };
}

/** The state of the restore, begun now or by an earlier run. */
async function begin(
  workspace: Workspace,
  { observed, stored, snapshot, given, flags }: Found,
): Promise<Begun> {
  if (stored !== null && isBegun(stored, snapshot)) return stored;
  if (snapshot === undefined) throw nothingNamed();
  const { cluster } = workspace;
  const known = stored ?? createState(cluster.name, randomBytes);
  const first = chooseFirst(workspace, observed, known);
  const { request, token } = await settleRestore(workspace, known, {
    ...{ snapshot, given, first, present: null },
    withVersion: flags.withVersion === true,
    withConfig: flags.withConfig === true,
  });
  const operation = {
    ...{ verb: VERB, startedAt: workspace.startedAt, done: [] },
    request: { ...request, installs: true as const },
  };
  const mark = String(Math.floor(workspace.startedAt / 1000));
  return { ...beginRestore(withoutLost(workspace, observed, known, mark), request, token), operation };
}

function isBegun(state: State, snapshot: string | undefined): state is Begun {
  const { operation } = state;
  if (operation?.verb !== VERB) return false;
  return snapshot === undefined || operation.request['snapshot'] === snapshot;
}

/**
 * No RKE2 on the machines of the file does not mean that the cluster is lost: its servers may run on machines that cannot be
 * reached, or that the file does not name any more. Throws CheckError then.
 */
function refuseLiving(
  { cluster }: Workspace,
  observed: Observed,
  state: State,
  { ignoreCheck = [] }: SnapshotRestoreFlags,
): void {
  const scene = { cluster, observed, state };
  const who = participants(scene);
  const living = livingOutside(scene, who).map(
    ({ name, address }): Diagnostic => ({
      severity: 'error',
      code: 'membership-pending',
      node: name,
      message: `${name} (${address}) runs as a server of this cluster; the file only does not name it any more. So the cluster is not lost.`,
      hint: 'Put it back into the file, and let the new machines join with `rke2ctl up`; or restore onto the machines that it has.',
    }),
  );
  const findings = [...living, ...applyIgnored(checkQuorumElsewhere(who), ignoreCheck)];
  if (findings.some(({ severity }) => severity === 'error')) throw new CheckError(findings);
}

function chooseFirst({ cluster }: Workspace, observed: Observed, state: State): string {
  const scene = { cluster, observed, state };
  const etcd = cluster.nodes.filter(({ roles }) => roles.includes('etcd'));
  const planes = etcd.filter(({ roles }) => roles.includes('controlplane'));
  const reached = (nodes: readonly ClusterNode[]) => nodes.flatMap((node) => idOfNode(scene, node) ?? []);
  const [first] = [...reached(planes), ...reached(etcd)];
  if (first !== undefined) return first;
  throw new Rke2ctlError({
    code: 'no-etcd-node',
    message: 'No etcd node of the file was reached, so there is nowhere to restore to. Nothing was done.',
    hint: 'Bring one of them back, or name new machines in the file.',
  });
}

/** Members that are gone are no members any more; servers that may come back are known as left behind. */
function withoutLost({ cluster }: Workspace, observed: Observed, state: State, mark: string): State {
  const { forgotten, leftBehind } = participants({ cluster, observed, state });
  const gone = new Set(forgotten.map(({ nodeId }) => nodeId));
  const behind = new Set(leftBehind.map(({ nodeId }) => nodeId));
  // The machine is there, and nothing of RKE2 on it.
  const bare = new Set(
    cluster.nodes.flatMap((node) => {
      const units = factsOf(observed, node.key)?.rke2;
      const id = idOfNode({ cluster, observed, state }, node);
      return id === null || units?.server.exists || units?.agent.exists ? [] : [id];
    }),
  );
  const nodes = Object.entries(state.nodes).flatMap(([id, record]): [string, NodeRecord][] => {
    if (gone.has(id)) return [];
    if (behind.has(id)) return [[id, { ...record, phase: 'staged', leftBehind: mark }]];
    const isBare = isServer(record.roles) || bare.has(id);
    return [[id, isBare ? { ...record, phase: 'staged' } : record]];
  });
  return { ...state, nodes: Object.fromEntries(nodes) };
}

async function confirm(
  workspace: Workspace,
  { name, createdAt }: RestoreRequest,
  what: string,
  { yes }: SnapshotRestoreFlags,
): Promise<void> {
  const age = ageText(workspace.startedAt - createdAt);
  const text = `No server of this cluster is left. ${what} of the file, and the cluster becomes what it was ${age} ago, when ${name} was taken.`;
  if (yes === true) {
    workspace.emit({ type: 'notice', message: text });
    return;
  }
  if (await workspace.ask(`${text} Go on?`)) return;
  throw new Rke2ctlError({
    code: 'declined',
    message: 'Nothing was done.',
    hint: 'That was your answer; `--yes` does not ask.',
    exitCode: 0,
  });
}

function nothingNamed(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'snapshot-not-named',
    message: 'No restore was begun that could be gone on with, and no snapshot is named.',
    hint: '`rke2ctl etcd snapshot-restore NAME`, with a file of this machine or a name of `rke2ctl etcd snapshot-list`.',
    exitCode: 3,
  });
}
