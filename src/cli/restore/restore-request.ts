import { Rke2ctlError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import type { RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { compareVersions, parseVersion } from '../../rke2/version.ts';
import { ageText } from '../../ui/age-text.ts';
import type { Workspace } from '../workspace.ts';
import { fetchRestoreSnapshot } from './fetch-restore-snapshot.ts';
import { findOpeningToken, idOfToken, tokenOfState, withServerToken } from './opening-token.ts';

/** A restore that can succeed as far as that can be known, with the token that opens the snapshot. */
export interface SettledRestore {
  readonly request: RestoreRequest;
  readonly token: Secret;
}

/**
 * Brings the snapshot here, reads it, and finds the token that opens it. Throws Rke2ctlError where one of that fails:
 * nothing is stopped for a snapshot that cannot be restored. `first`: id of the node on which it is to be restored.
 */
export async function settleRestore(
  workspace: Workspace,
  state: State,
  {
    snapshot,
    given,
    first,
  }: { readonly snapshot: string; readonly given: Secret | null; readonly first: string },
): Promise<SettledRestore> {
  const found = await fetchRestoreSnapshot(workspace, snapshot);
  const tokenIds = found.content.tokenIds ?? [];
  const token = findOpeningToken(state, given, { name: found.name, tokenIds });
  refuseNewer(found.name, found.content.version, state.version);
  const { path: source, name, sha256, sizeBytes, createdAt, from } = found;
  workspace.emit({
    type: 'notice',
    message: `${name} (${from}, ${ageText(workspace.startedAt - createdAt)} old) is whole, and opens with the token ${idOfToken(token)} that is at hand.`,
  });
  const request = {
    ...{ snapshot, source, name, sha256, sizeBytes, createdAt, first },
    tokenId: idOfToken(token),
  };
  return { request, token };
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
export function beginRestore(state: State, request: RestoreRequest, opened: Secret | null): State {
  const token = opened ?? tokenOfState(state, request.tokenId);
  if (token === null) throw new Error(`the state has no token ${request.tokenId}`);
  return {
    ...state,
    bootstrapNodeId: request.first,
    caHash: null,
    secrets: withServerToken(state.secrets, token, Date.now()),
  };
}
