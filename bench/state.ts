import { mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../src/state/store.ts';
import { sampleState } from '../test/state/sample-state.ts';
import type { Figure } from './figure.ts';
import { interleave, type Samples } from './measure.ts';

const RUNS = 21;
const NODES = 1000;

/** A state of 1,000 nodes until it is safe on disk and in the history, against the same bytes as bare JSON, synced and renamed. */
export const stateWriteFigure: Figure = {
  name: 'state-write',
  limit: 12,
  measure: () =>
    inFolder(async (folder) => {
      const store = openStore(join(folder, 'cluster.rkestate'), null);
      const state = sampleState(NODES);
      await store.write(state);
      const document: unknown = JSON.parse(await store.text());
      return await interleave(
        RUNS,
        { name: `state of ${NODES} nodes written`, run: () => store.write(state) },
        {
          name: 'the same JSON written, synced, renamed',
          run: () => writeBare(join(folder, 'bare.json'), document),
        },
      );
    }),
};

/** The same state read and proved whole, against reading and parsing the JSON. */
export const stateReadFigure: Figure = {
  name: 'state-read',
  limit: 16,
  measure: () =>
    inFolder(async (folder) => {
      const path = join(folder, 'cluster.rkestate');
      await openStore(path, null).write(sampleState(NODES));
      return await interleave(
        RUNS,
        {
          name: `state of ${NODES} nodes read`,
          run: async () => {
            const state = await openStore(path, null).read();
            if (Object.keys(state?.nodes ?? {}).length !== NODES) throw new Error('nodes are missing');
          },
        },
        { name: 'the same JSON read', run: async () => void JSON.parse(await readFile(path, 'utf8')) },
      );
    }),
};

async function writeBare(path: string, document: unknown): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(document, null, 2));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

async function inFolder(
  work: (folder: string) => Promise<readonly [Samples, Samples]>,
): Promise<readonly [Samples, Samples]> {
  const folder = await mkdtemp(join(tmpdir(), 'rke2ctl-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
