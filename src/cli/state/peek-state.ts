import { StateError } from '../../domain/errors.ts';
import type { StateCopy } from '../../domain/state-copy.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import type { StateStore } from '../../state/store.ts';

/** What the file on disk says of itself, its secrets unopened; null when there is none, or it is damaged. */
export async function peekState(store: StateStore): Promise<StateCopy | null> {
  try {
    const { clusterId, serial, checksum } = parseStateDocument(await store.text(), 'The state file');
    return { clusterId, serial, checksum };
  } catch (error) {
    const isHarmless =
      error instanceof StateError &&
      (['state-corrupt', 'state-edited'].includes(error.code) || isMissing(error));
    if (isHarmless) return null;
    throw error;
  }
}

/** There is no file at all. */
function isMissing(error: StateError): boolean {
  return (
    error.code === 'state-unreadable' &&
    error.cause instanceof Error &&
    /no such file/.test(error.cause.message)
  );
}
