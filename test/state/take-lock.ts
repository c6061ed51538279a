import { createInterface } from 'node:readline';
import { LockedError } from '../../src/domain/errors.ts';
import { acquireLocalLock, type LocalLock } from '../../src/state/local-lock.ts';

/*
 * Takes and releases the lock as its stdin says: `take-lock.ts FILE`. Lines: `take` → `got` or the message of the
 * refusal; `release` → `released`.
 */
const [file = ''] = process.argv.slice(2);
let lock: LocalLock | null = null;
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'release') {
    await lock?.release();
    process.stdout.write('released\n');
    continue;
  }
  try {
    lock = await acquireLocalLock(file, {
      user: 'alice',
      command: 'up',
      since: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
    process.stdout.write('got\n');
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    process.stdout.write(`${error.message}\n`);
  }
}
