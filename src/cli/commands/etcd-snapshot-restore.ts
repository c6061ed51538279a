import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Plan, PlannedNode } from '../../domain/plan.ts';
import type { Secret } from '../../domain/secret.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { participants } from '../../plan/maintenance/participants.ts';
import { planSnapshotRestore, type RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { ageText } from '../../ui/age-text.ts';
import { countText } from '../../ui/table.ts';
import type { SnapshotRestoreFlags } from '../flags.ts';
import { RESTORE_FOLDER_END } from '../restore/fetch-restore-snapshot.ts';
import { installServers } from '../restore/install-servers.ts';
import { readTokenFile } from '../restore/opening-token.ts';
import { beginRestore, settleRestore } from '../restore/restore-request.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
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
    return code === 0 ? restore(snapshot, given, { ...flags, yes: true }) : code;
  }
}

/** There is no state, or no server on which RKE2 is installed. */
const ALL_LOST = ['no-cluster', 'no-etcd-node'];

async function restore(
  snapshot: string | undefined,
  given: Secret | null,
  flags: SnapshotRestoreFlags,
): Promise<ExitCode> {
  let opened: Secret | null = null;
  let fetched: string | null = null;
  const code = await runMaintenance<RestoreRequest>(
    {
      verb: 'etcd snapshot-restore',
      asked: snapshot === undefined ? null : ({ snapshot } as RestoreRequest),
      mayBeginAnew: true,
      writesFiles: true,
      settle: async (_asked, scene, workspace) => {
        const { id: first } = chooseFirst(scene, workspace);
        if (snapshot === undefined) throw nothingNamed();
        const settled = await settleRestore(workspace, scene.state, { snapshot, given, first });
        opened = settled.token;
        return settled.request;
      },
      begin: (state, request) => beginRestore(state, request, opened),
      plan: (input) => {
        refuseUninstalled(input);
        fetched = input.operation.request.source;
        return planSnapshotRestore(input);
      },
      explain,
    },
    flags,
  );
  // With exit code 4 some host was away; the snapshot has long been where it is needed.
  const isOver = code === 0 || code === 4 || flags.plan === true;
  if (isOver && fetched !== null) await forgetFetched(fetched);
  return code;
}

/** What was fetched for this restore alone; a file of the person's own stays. */
async function forgetFetched(source: string): Promise<void> {
  const folder = dirname(source);
  if (folder.endsWith(RESTORE_FOLDER_END)) await rm(folder, { recursive: true, force: true });
}

/** The node that made the cluster, if it can; else the first of the file that has etcd, and an API server if any has. */
function chooseFirst({ observed, state }: Scene, { cluster }: Workspace): PlannedNode {
  const etcd = participants({ cluster, observed, state }).servers.filter(({ roles }) =>
    roles.includes('etcd'),
  );
  const planes = etcd.filter(({ roles }) => roles.includes('controlplane'));
  const able = planes.length > 0 ? planes : etcd;
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

function explain(input: MaintenanceInput<RestoreRequest>, plan: Plan): readonly string[] {
  const { name, createdAt } = input.operation.request;
  const { servers } = participants(input);
  const safety = plan.steps.some(({ kind }) => kind === 'save-snapshot')
    ? 'A snapshot of how it is now is taken before.'
    : input.operation.done.length > 0
      ? 'What was done already is not repeated.'
      : 'No snapshot of how it is now can be taken, as no API answers; the databases of now are moved aside and stay on the disks as etcd-old-*.';
  return [
    `The cluster becomes what it was ${ageText(Date.now() - createdAt)} ago, when ${name} was taken: everything in its API that was made or changed since is gone.`,
    safety,
    `${countText(servers.length, 'server')} ${servers.length === 1 ? 'is' : 'are'} stopped with their containers, and the API is away until the first is back; pods on agents go on.`,
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
