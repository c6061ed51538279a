import type { State } from '../../domain/state.ts';
import { createSealer, readPassphrase } from '../../state/seal.ts';
import { statePaths } from '../../state/state-paths.ts';
import { openStore } from '../../state/store.ts';

/** The state beside a cluster file, for commands that only look; null when there is none. Throws StateError. */
export async function readState(config: string): Promise<State | null> {
  const passphrase = await readPassphrase(process.env);
  return openStore(statePaths(config).state, passphrase === null ? null : createSealer(passphrase)).read();
}
