import { rm } from 'node:fs/promises';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import type { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { participants } from '../../plan/maintenance/participants.ts';
import { planSnapshotRestore, type RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { compareVersions, parseVersion } from '../../rke2/version.ts';
import { ageText } from '../../ui/age-text.ts';
import { countText } from '../../ui/table.ts';
import type { SnapshotRestoreFlags } from '../flags.ts';
import { fetchRestoreSnapshot, restoreFolder } from '../restore/fetch-restore-snapshot.ts';
import {
  findOpeningToken,
  idOfToken,
  readTokenFile,
  tokenOfState,
  withServerToken,
} from '../restore/opening-token.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/**
 * `rke2ctl etcd snapshot-restore NAME|FILE`: the cluster as it was when a snapshot was taken. Everything that can be known
 * is known before the first server is stopped; cut off anywhere it goes on when it is run again.
 */
export async function snapshotRestore(
  snapshot: string | undefined,
  flags: SnapshotRestoreFlags,
): Promise<ExitCode> {
  const given = await readTokenFile(flags.tokenFile ?? process.env['RKE2CTL_TOKEN_FILE']);
  let opened: Secret | null = null;
  let folder: string | null = null;
  const code = await runMaintenance<RestoreRequest>(
    {
      verb: 'etcd snapshot-restore',
      asked: snapshot === undefined ? null : ({ snapshot } as RestoreRequest),
      mayBeginAnew: true,
      writesFiles: true,
      settle: async (_asked, scene, workspace) => {
        if (snapshot === undefined) throw nothingNamed();
        folder = restoreFolder(workspace);
        const settled = await settle(snapshot, given, scene, workspace);
        opened = settled.token;
        return settled.request;
      },
      begin: (state, request) => begin(state, request, opened),
      plan: planSnapshotRestore,
      explain,
    },
    flags,
  );
  if (code === 0 && folder !== null) await rm(folder, { recursive: true, force: true });
  return code;
}

async function settle(
  snapshot: string,
  given: Secret | null,
  scene: Scene,
  workspace: Workspace,
): Promise<{ readonly request: RestoreRequest; readonly token: Secret }> {
  const first = chooseFirst(scene, workspace);
  const found = await fetchRestoreSnapshot(workspace, snapshot);
  const tokenIds = found.content.tokenIds ?? [];
  const token = findOpeningToken(scene.state, given, { name: found.name, tokenIds });
  refuseNewer(found.name, found.content.version, scene.state.version);
  const { path: source, name, sha256, sizeBytes, createdAt, from } = found;
  workspace.emit({
    type: 'notice',
    message: `${name} (${from}, ${ageText(workspace.startedAt - createdAt)} old) is whole, and opens with the token ${idOfToken(token)} that is at hand.`,
  });
  const request = {
    ...{ snapshot, source, name, sha256, sizeBytes, createdAt },
    ...{ tokenId: idOfToken(token), first: first.id },
  };
  return { request, token };
}

/** The node that made the cluster, if it can; else the first of the file that has etcd, and an API server if any has. */
function chooseFirst({ observed, state }: Scene, { cluster }: Workspace): PlannedNode {
  const etcd = participants({ cluster, observed, state }).servers.filter(({ roles }) =>
    roles.includes('etcd'),
  );
  const planes = etcd.filter(({ roles }) => roles.includes('controlplane'));
  const able = planes.length > 0 ? planes : etcd;
  const first = able.find(({ id }) => id === state.bootstrapNodeId) ?? able[0];
  if (first !== undefined) return first;
  throw new Rke2ctlError({
    code: 'no-etcd-node',
    message:
      'No etcd node of the file was reached that has RKE2 installed, so there is nowhere to restore to. Nothing was done.',
    hint: 'Bring one of them back.',
  });
}

/** RKE2 reads snapshots of its own version and of earlier ones. */
function refuseNewer(name: string, taken: string | null, present: string | null): void {
  const [from, to] = [parseVersion(taken ?? ''), parseVersion(present ?? '')];
  if (from === null || to === null || compareVersions(from, to) <= 0) return;
  throw new Rke2ctlError({
    code: 'snapshot-newer',
    message: `${name} was taken with RKE2 ${taken}, and this cluster runs ${present}: an older RKE2 need not understand it. Nothing was stopped.`,
    hint: `Set kubernetes_version: ${taken} in the file and run \`rke2ctl up\` first, or take an older snapshot.`,
  });
}

/** What the state must know before the first step: who founds, and with what token. The CA comes with the snapshot. */
function begin(state: State, request: RestoreRequest, opened: Secret | null): State {
  const token = opened ?? tokenOfState(state, request.tokenId);
  if (token === null) throw new Error(`the state has no token ${request.tokenId}`);
  return {
    ...state,
    bootstrapNodeId: request.first,
    caHash: null,
    secrets: withServerToken(state.secrets, token, Date.now()),
  };
}

function explain(
  input: MaintenanceInput<RestoreRequest>,
  plan: { readonly steps: readonly { kind: string }[] },
) {
  const { name, createdAt } = input.operation.request;
  const who = participants(input);
  const age = ageText(Date.now() - createdAt);
  const safety = plan.steps.some(({ kind }) => kind === 'save-snapshot')
    ? 'A snapshot of how it is now is taken before.'
    : input.operation.done.length > 0
      ? 'What was done already is not repeated.'
      : 'No snapshot of how it is now can be taken, as no API answers; the databases of now are moved aside and stay on the disks as etcd-old-*.';
  return [
    `The cluster becomes what it was ${age} ago, when ${name} was taken: everything in its API that was made or changed since is gone.`,
    safety,
    `${countText(who.servers.length, 'server')} ${who.servers.length === 1 ? 'is' : 'are'} stopped with their containers, and the API is away until the first is back; pods on agents go on.`,
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
