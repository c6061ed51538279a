import { userInfo } from 'node:os';
import type { ExitCode } from '../../domain/errors.ts';
import { StateError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import { acquireLocalLock } from '../../state/local-lock.ts';
import { createSealer } from '../../state/seal.ts';
import { parseStateDocument, type StateDocument } from '../../state/state-document.ts';
import { statePaths } from '../../state/state-paths.ts';
import { openStore, type StateStore } from '../../state/store.ts';
import { findCaller, localConfigPath } from '../cluster-source.ts';
import type { CommonFlags } from '../flags.ts';

/** Where the state of these flags lies. */
export function statePathOf(flags: CommonFlags): string {
  const [config = ''] = flags.local === true ? [localConfigPath(findCaller(process.env))] : flags.config;
  return statePaths(config).state;
}

/** The state as it lies on disk, secrets unopened. StateError when there is none, or it is not whole. */
export async function readDocument(
  path: string,
): Promise<{ readonly text: string; readonly document: StateDocument }> {
  const store = openStore(path, null);
  const text = await store.text().catch((error: unknown) => {
    throw error instanceof StateError && isMissing(error.cause) ? noState(path) : error;
  });
  // For the earlier copy that its error names when the file is damaged.
  await store.read().catch((error: unknown) => {
    if (!(error instanceof StateError && error.code === 'state-sealed')) throw error;
  });
  return { text, document: parseStateDocument(text, path) };
}

/** Lets `work` change the state file while nobody else may. */
export async function withLocalStore(
  path: string,
  passphrase: Secret | null,
  command: string,
  work: (store: StateStore) => Promise<ExitCode>,
): Promise<ExitCode> {
  const request = { user: userInfo().username, command, since: Date.now() };
  const lock = await acquireLocalLock(`${path}.lock`, request);
  try {
    return await work(openStore(path, passphrase === null ? null : createSealer(passphrase)));
  } finally {
    await lock.release();
  }
}

/** There is no state file. */
export function noState(path: string): StateError {
  return new StateError({
    code: 'state-missing',
    message: `There is no ${path}.`,
    hint: 'Name the cluster file with `-c`: the state is named after it. If the state is lost, `rke2ctl state pull` fetches the copy that the cluster holds.',
  });
}

function isMissing(cause: unknown): boolean {
  return (
    cause instanceof Error && ('code' in cause ? cause.code === 'ENOENT' : /no such file/.test(cause.message))
  );
}
