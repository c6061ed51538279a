import { Rke2ctlError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import type { RestoreRequest } from '../../plan/maintenance/snapshot-restore.ts';
import { compareVersions, parseVersion } from '../../rke2/version.ts';
import { ageText } from '../../ui/age-text.ts';
import type { Workspace } from '../workspace.ts';
import { fetchRestoreSnapshot } from './fetch-restore-snapshot.ts';
import { refuseOtherFile } from './file-of-then.ts';
import { findOpeningToken, idOfToken, tokenOfState, withServerToken } from './opening-token.ts';

/** A restore that can succeed as far as that can be known, with the token that opens the snapshot. */
export interface SettledRestore {
  readonly request: RestoreRequest;
  readonly token: Secret;
}

/** What is asked of a restore, and what of the cluster decides whether it can be. */
export interface RestoreWish {
  /** A name, or a file. */
  readonly snapshot: string;
  /** Token that was given for it. */
  readonly given: Secret | null;
  /** Id of the node on which it is to be restored. */
  readonly first: string;
  /** The RKE2 that it would be restored with; null: not known yet. */
  readonly present: string | null;
  /** All nodes are to go back to the RKE2 that took it. */
  readonly withVersion: boolean;
  /** It is to be restored with the file of its time, or not at all. */
  readonly withConfig: boolean;
}

/**
 * Brings the snapshot here, reads it, and finds the token that opens it. Throws Rke2ctlError where one of that fails:
 * nothing is stopped for a snapshot that cannot be restored.
 */
export async function settleRestore(
  workspace: Workspace,
  state: State,
  { snapshot, given, first, present, withVersion, withConfig }: RestoreWish,
): Promise<SettledRestore> {
  const found = await fetchRestoreSnapshot(workspace, snapshot);
  const tokenIds = found.content.tokenIds ?? [];
  const token = findOpeningToken(state, given, { name: found.name, tokenIds });
  if (withVersion && found.content.version === null) throw versionUnknown(found.name);
  const version = withVersion ? found.content.version : null;
  refuseNewer(found.name, found.content.version, version ?? present);
  if (withConfig) await refuseOtherFile(workspace, state, found);
  const { path: source, name, sha256, sizeBytes, createdAt, from } = found;
  workspace.emit({
    type: 'notice',
    message: `${name} (${from}, ${ageText(workspace.startedAt - createdAt)} old) is whole, and opens with the token ${idOfToken(token)} that is at hand.`,
  });
  const request: RestoreRequest = {
    ...{ snapshot, source, name, sha256, sizeBytes, createdAt, first },
    tokenId: idOfToken(token),
    takenWith: found.content.version,
    ...(version !== null && { withVersion: true as const, version }),
  };
  return { request, token };
}

/** RKE2 reads snapshots of its own version and of earlier ones. */
export function refuseNewer(name: string, taken: string | null, present: string | null): void {
  const [from, to] = [parseVersion(taken ?? ''), parseVersion(present ?? '')];
  if (from === null || to === null || compareVersions(from, to) <= 0) return;
  throw new Rke2ctlError({
    code: 'snapshot-newer',
    message: `${name} was taken with RKE2 ${taken}, and would be restored with ${present}: an older RKE2 need not understand it. Nothing was stopped.`,
    hint: `Restore it with its own version (\`--with-version\`), or take an older snapshot.`,
  });
}

function versionUnknown(name: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'snapshot-version-unknown',
    message: `${name} does not say with which RKE2 it was taken: there is no Node in it. Nothing was stopped.`,
    hint: 'Leave `--with-version` away: it is restored with the RKE2 that the servers have.',
    exitCode: 3,
  });
}

/** What the state must know before the first step: who founds, and with what token. The CA comes with the snapshot. */
export function beginRestore(state: State, request: RestoreRequest, opened: Secret | null): State {
  const token = opened ?? tokenOfState(state, request.tokenId);
  if (token === null) throw new Error(`the state has no token ${request.tokenId}`);
  return {
    ...state,
    version: request.version ?? state.version,
    bootstrapNodeId: request.first,
    caHash: null,
    secrets: withServerToken(state.secrets, token, Date.now()),
  };
}
