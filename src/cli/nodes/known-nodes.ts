import { Rke2ctlError } from '../../domain/errors.ts';
import type { State } from '../../domain/state.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import type { StateStore } from '../../state/store.ts';

/**
 * What the state knows of nodes, for commands that only want their names: null where there is none that can be read, and
 * a sealed one is good enough. What it opens of secrets is known to the scrubber afterwards.
 */
export async function readKnownNodes(store: StateStore): Promise<Pick<State, 'nodes'> | null> {
  try {
    return await store.read().catch(async () => parseStateDocument(await store.text(), 'The state file'));
  } catch (error) {
    if (error instanceof Rke2ctlError) return null;
    throw error;
  }
}
