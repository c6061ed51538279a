import { readFile } from 'node:fs/promises';
import { Rke2ctlError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { State, StateSecrets } from '../../domain/state.ts';
import { readToken } from '../../rke2/read-token.ts';
import { tokenId } from '../../rke2/token-id.ts';

/** Id of a server token, whether it is written in full or as its password alone. */
export function idOfToken(token: Secret): string {
  return tokenId(readToken(token.reveal())?.secret ?? '');
}

/** The token with this id among those that the state holds, the present one first; null when it holds none. */
export function tokenOfState(state: State, id: string): Secret | null {
  return tokensOf(state).find((token) => idOfToken(token) === id) ?? null;
}

/** A rotation that was cut off may have brought the next one into the cluster already. */
function tokensOf({ secrets }: State): readonly Secret[] {
  const former = (secrets.former ?? []).map(({ serverToken }) => serverToken);
  return [secrets.serverToken, ...(secrets.next === undefined ? [] : [secrets.next.serverToken]), ...former];
}

/**
 * Which token opens a snapshot: one that was given (`--token-file`, RKE2CTL_TOKEN_FILE), else one that the state holds.
 * Throws Rke2ctlError where none does: RKE2 itself would find that out only with its servers stopped.
 */
export function findOpeningToken(
  state: State,
  given: Secret | null,
  snapshot: { readonly name: string; readonly tokenIds: readonly string[] },
): Secret {
  const opens = (token: Secret | null): token is Secret =>
    token !== null && snapshot.tokenIds.includes(idOfToken(token));
  if (opens(given)) return given;
  if (given !== null) throw wrongToken(snapshot, given);
  const known = snapshot.tokenIds.map((id) => tokenOfState(state, id)).find(opens);
  if (known !== undefined) return known;
  throw foreign(state, snapshot);
}

/** The token in a file, in full or as its password alone; null when no file was named. */
export async function readTokenFile(path: string | undefined): Promise<Secret | null> {
  if (path === undefined || path === '') return null;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Rke2ctlError({
      code: 'token-file',
      message: `The token file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'It is to hold the server token of the time of the snapshot: server/token below the data directory of an old server, or RKE2’s `token:`.',
      exitCode: 3,
      cause: error,
    });
  });
  const token = readToken(text);
  if (token?.kind === 'password') return new Secret(token.secret);
  throw new Rke2ctlError({
    code: 'token-file',
    message: `The token file ${path} holds ${token === null ? 'nothing' : 'a bootstrap token, with which agents join; it opens no snapshot'}.`,
    hint: 'It is to hold the server token of the time of the snapshot.',
    exitCode: 3,
  });
}

/**
 * Secrets with this server token as the present one; the one that was present is kept as a former one, as is that which a
 * rotation was bringing in: snapshots may have been taken with it.
 */
export function withServerToken(secrets: StateSecrets, token: Secret, at: number): StateSecrets {
  const id = idOfToken(token);
  const { next, ...rest } = secrets;
  const isNext = next !== undefined && idOfToken(next.serverToken) === id;
  const replaced = [rest.serverToken, ...(next === undefined ? [] : [next.serverToken])]
    .filter((each) => idOfToken(each) !== id)
    .map((serverToken) => ({ serverToken, until: at }));
  if (replaced.length === 0 && next === undefined) return secrets;
  const former = (rest.former ?? []).filter(({ serverToken }) => idOfToken(serverToken) !== id);
  return {
    ...rest,
    serverToken: token,
    agentToken: isNext ? next.agentToken : rest.agentToken,
    former: [...replaced, ...former],
  };
}

function wrongToken(
  { name, tokenIds }: { readonly name: string; readonly tokenIds: readonly string[] },
  given: Secret,
): Rke2ctlError {
  return new Rke2ctlError({
    code: 'wrong-token',
    message: `The token that was given (id ${idOfToken(given)}) does not open ${name}: it was taken with the token ${tokenIds.join(' or ')}. Nothing was stopped.`,
    hint: 'Give the server token of the time of the snapshot. An id is the first twelve digits of the SHA-256 of the token’s password.',
  });
}

function foreign(
  state: State,
  { name, tokenIds }: { readonly name: string; readonly tokenIds: readonly string[] },
): Rke2ctlError {
  return new Rke2ctlError({
    code: 'foreign-snapshot',
    message: `${name} opens with the server token ${tokenIds.join(' or ')}, and the state knows only ${tokensOf(state).map(idOfToken).join(', ')}. It is another cluster's, or of a time whose token was lost. Nothing was stopped.`,
    hint: 'Take a snapshot of this cluster, or give the token of that time: `--token-file FILE`, or RKE2CTL_TOKEN_FILE.',
  });
}
