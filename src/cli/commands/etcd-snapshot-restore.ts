import { readFile, rm, stat } from 'node:fs/promises';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Plan, PlannedNode } from '../../domain/plan.ts';
import type { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { participants } from '../../plan/maintenance/participants.ts';
import { planSnapshotRestore, type RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { factsOf } from '../../render/desired-node.ts';
import { ageText } from '../../ui/age-text.ts';
import { countText } from '../../ui/table.ts';
import type { SnapshotRestoreFlags } from '../flags.ts';
import { type Release, resolveRelease } from '../resolve-release.ts';
import { RESTORE_FOLDER_END } from '../restore/fetch-restore-snapshot.ts';
import { installServers } from '../restore/install-servers.ts';
import { readTokenFile } from '../restore/opening-token.ts';
import { remade } from '../restore/remade.ts';
import { beginRestore, settleRestore } from '../restore/restore-request.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import { refuseExternal } from '../snapshots/gather-snapshots.ts';
import { statePathOf } from '../state/open-local-state.ts';
import type { Workspace } from '../workspace.ts';

/**
 * `rke2ctl etcd snapshot-restore NAME|FILE`: the cluster as it was when a snapshot was taken. Everything that can be known
 * is known before the first server is stopped; cut off anywhere it goes on when it is run again. Where no server is left
 * RKE2 is put onto the machines of the file first.
 */
export async function snapshotRestore(
  snapshot: string | undefined,
  flags: SnapshotRestoreFlags,
): Promise<ExitCode> {
  const given = await readTokenFile(flags.tokenFile ?? process.env['RKE2CTL_TOKEN_FILE']);
  try {
    return await restore(snapshot, given, flags);
  } catch (error) {
    if (!(error instanceof Rke2ctlError) || !ALL_LOST.includes(error.code)) throw error;
    const code = await installServers(snapshot, given, flags);
    // It was asked about all of it.
    return code === 0 ? await restore(snapshot, given, { ...flags, yes: true }) : code;
  } finally {
    await forgetFetched(statePathOf(flags));
  }
}

/** There is no state, or no server on which RKE2 is installed. */
const ALL_LOST = ['no-cluster', 'no-etcd-node'];

/** Before these are through the cluster is what it was. */
const HARMLESS = ['place-snapshot', 'stage-artifacts', 'save-snapshot'] as const;

function restore(
  snapshot: string | undefined,
  given: Secret | null,
  flags: SnapshotRestoreFlags,
): Promise<ExitCode> {
  const { withVersion = false, withConfig = false, safetySnapshot: takesSafetySnapshot = true } = flags;
  const asked = { snapshot, ...(withVersion && { withVersion }) };
  let opened: Secret | null = null;
  return runMaintenance<RestoreRequest>(
    {
      verb: 'etcd snapshot-restore',
      asked: snapshot === undefined ? null : (asked as RestoreRequest),
      // Where it comes to this, nothing else that was in hand can go on.
      mayReplace: () => true,
      isSpent,
      writesFiles: true,
      harmless: HARMLESS,
      settle: async (_asked, scene, workspace) => {
        refuseExternal(workspace.cluster);
        const node = chooseFirst(scene, workspace);
        const name = snapshot ?? askedBefore(scene.state);
        if (name === undefined) throw nothingNamed();
        const present = runningVersion(scene, node);
        const settled = await settleRestore(workspace, scene.state, {
          ...{ snapshot: name, given, first: node.id, present, withVersion, withConfig },
        });
        refusePackaged(scene, workspace, settled.request);
        opened = settled.token;
        return settled.request;
      },
      begin: (state, request) => beginRestore(state, request, opened),
      supply: supplyVersion,
      plan: (input) => {
        refuseUninstalled(input);
        return planSnapshotRestore(input, { takesSafetySnapshot });
      },
      explain: (input, plan) => explain(input, plan, takesSafetySnapshot),
      conclude: ({ operation }) =>
        remade(`The cluster is what it was when ${operation.request.name} was taken.`),
    },
    flags,
  );
}

/** What was brought here is needed until it lies on its node; another run brings it again. */
async function isSpent({ request, done }: Operation): Promise<boolean> {
  if (done.some((id) => id.startsWith('place-snapshot'))) return false;
  return stat(String(request['source'])).then(
    () => false,
    () => true,
  );
}

function askedBefore({ operation }: State): string | undefined {
  const asked = operation?.verb === 'etcd snapshot-restore' ? operation.request['snapshot'] : undefined;
  return typeof asked === 'string' ? asked : undefined;
}

/** What was fetched for a restore alone goes once none is in hand; a file of the person's own stays. */
async function forgetFetched(statePath: string): Promise<void> {
  const text = await readFile(statePath, 'utf8').catch(() => '{}');
  if (/"verb": ?"etcd snapshot-restore"/.test(text)) return;
  await rm(`${statePath}${RESTORE_FOLDER_END}`, { recursive: true, force: true });
}

/** The version of which the server will be that reads the snapshot. */
function runningVersion({ observed, state }: Scene, { key }: PlannedNode): string | null {
  return factsOf(observed, key)?.rke2.binaries[0]?.version ?? state.version;
}

function supplyVersion(
  state: State,
  { version }: RestoreRequest,
  { observed }: Scene,
  { cluster, signals }: Workspace,
): Promise<Release | null> {
  if (version === undefined) return Promise.resolve(null);
  return resolveRelease({ cluster: { ...cluster, version }, state, observed, signal: signals.stop });
}

/** Packages are the host's own to bring forward and back. */
function refusePackaged(
  { observed }: Scene,
  { cluster }: Workspace,
  { name, version }: RestoreRequest,
): void {
  const packaged = cluster.nodes.filter(({ key }) => {
    const rke2 = factsOf(observed, key)?.rke2;
    return rke2?.rpm === true && rke2.binaries[0]?.version !== version;
  });
  if (version === undefined || packaged.length === 0) return;
  const keys = packaged.map(({ key }) => key).join(', ');
  throw new Rke2ctlError({
    code: 'packaged-install',
    message: `RKE2 came as packages onto ${keys}, and \`--with-version\` does not take packages back to ${version}. Nothing was stopped.`,
    hint: `Leave it away: ${name} can be restored with the newer RKE2, too. Or bring the packages back by hand with RKE2 stopped.`,
    exitCode: 3,
  });
}

/**
 * The node that made the cluster, if it can; else the first of the file that has etcd, an API server if any has, and has
 * been in service if any has.
 */
function chooseFirst({ observed, state }: Scene, { cluster }: Workspace): PlannedNode {
  const { servers, fresh } = participants({ cluster, observed, state });
  const etcd = servers.filter(({ roles }) => roles.includes('etcd'));
  const planes = etcd.filter(({ roles }) => roles.includes('controlplane'));
  const equals = planes.length > 0 ? planes : etcd;
  const proven = equals.filter(({ name }) => !fresh.includes(name));
  const able = proven.length > 0 ? proven : equals;
  const first = able.find(({ id }) => id === state.bootstrapNodeId) ?? able[0];
  if (first === undefined) throw notInstalled();
  return first;
}

/** RKE2 was being put onto the hosts when it was cut off. */
function refuseUninstalled(input: MaintenanceInput<RestoreRequest>): void {
  const { request, done } = input.operation;
  const isPlaced = done.some((id) => id.startsWith('place-snapshot'));
  if (request.installs && !isPlaced && participants(input).unprepared.length > 0) throw notInstalled();
}

function notInstalled(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'no-etcd-node',
    message: 'No etcd node of the file was reached that has RKE2 installed.',
    hint: 'Bring one of them back.',
  });
}

function explain(
  input: MaintenanceInput<RestoreRequest>,
  plan: Plan,
  takesSafetySnapshot: boolean,
): readonly string[] {
  const { name, createdAt, version } = input.operation.request;
  const { servers } = participants(input);
  const safety = plan.steps.some(({ kind }) => kind === 'save-snapshot')
    ? 'A snapshot of how it is now is taken before.'
    : input.operation.done.length > 0
      ? 'What was done already is not repeated.'
      : `No snapshot of how it is now ${takesSafetySnapshot ? 'can be taken, as no API answers' : 'is taken, as you asked'}; the databases of now are moved aside and stay on the disks as etcd-old-*.`;
  const asked = input.cluster.version;
  const back = [
    `All nodes go back to RKE2 ${version}.`,
    ...(asked === null || asked === version
      ? []
      : [
          `The file asks for ${asked}: write kubernetes_version: ${version} into it, or the next \`rke2ctl up\` upgrades again.`,
        ]),
  ];
  return [
    `The cluster becomes what it was ${ageText(Date.now() - createdAt)} ago, when ${name} was taken: everything in its API that was made or changed since is gone.`,
    safety,
    ...(version === undefined ? [] : back),
    `${countText(servers.length, 'server')} ${servers.length === 1 ? 'is stopped with its' : 'are stopped with their'} containers, and the API is away until the first is back; pods on agents go on.`,
  ];
}

function nothingNamed(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'snapshot-not-named',
    message: 'No restore was begun that could be gone on with, and no snapshot is named.',
    hint: '`rke2ctl etcd snapshot-restore NAME`, with a name of `rke2ctl etcd snapshot-list`, or a file of this machine.',
    exitCode: 3,
  });
}
