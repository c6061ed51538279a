import { StateError } from '../../src/domain/errors.ts';
import { openStore } from '../../src/state/store.ts';
import { sampleState } from './sample-state.ts';

/*
 * Writes states until it is killed or a write fails: `write-states.ts FILE NODES GROWTH`. Each state has GROWTH more
 * nodes than the one before. Prints `ready` after the
 * first one, then the outcome of a failed write.
 */
const [file = '', nodes = '1', growth = '0'] = process.argv.slice(2);
const store = openStore(file, null);
await store.read();
await store.write(sampleState(Number(nodes)));
process.stdout.write('ready\n');
for (let count = Number(nodes); ; count += Number(growth)) {
  try {
    await store.write(sampleState(count));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const after = await openStore(file, null).read();
    const { code, message, hint } = error;
    process.stdout.write(
      `${JSON.stringify({ code, message, hint, failedAt: count, onDisk: Object.keys(after?.nodes ?? {}).length })}\n`,
    );
    break;
  }
}
