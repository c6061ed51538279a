import { open } from 'node:fs/promises';
import { release, type } from 'node:os';
import { maskSecrets } from '../../config/mask-secrets.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import { readCluster } from '../cluster-source.ts';
import { renderConfig } from '../config/config-text.ts';
import type { CommonFlags } from '../flags.ts';
import { packageVersion } from '../installation.ts';
import { maskState } from '../state/shown-state.ts';
import type { Workspace } from '../workspace.ts';
import type { Bundle } from './bundle.ts';

const MAX_LOG_BYTES = 2 << 20;

/** Puts into the bundle what lies on this machine: cluster.yml and state, masked, our journal and log, and what we run on. */
export async function gatherHere(
  bundle: Bundle,
  { paths, store }: Pick<Workspace, 'paths' | 'store'>,
  flags: CommonFlags,
): Promise<void> {
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      bundle.miss({ node: null, what, why: error instanceof Error ? error.message : String(error) });
    }
  };
  bundle.add(
    'here/versions.txt',
    `rke2ctl ${packageVersion()}\nNode ${process.version}\n${type()} ${release()}\n`,
  );
  if (flags.local !== true)
    await attempt('here/cluster.yml', async () => {
      const { input } = await readCluster(flags.config);
      bundle.add('here/cluster.yml', renderConfig(maskSecrets(input), null));
    });
  await attempt('here/state.json', async () => {
    const { masked } = maskState(parseStateDocument(await store.text(), 'The state file'));
    bundle.add('here/state.json', `${JSON.stringify(masked, null, 2)}\n`);
  });
  await attempt('here/journal.ndjson', async () => addEnd(bundle, 'here/journal.ndjson', paths.journal));
  await attempt('here/log.ndjson', async () => addEnd(bundle, 'here/log.ndjson', paths.log));
}

async function addEnd(bundle: Bundle, name: string, path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - MAX_LOG_BYTES);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(size - start),
      position: start,
    });
    bundle.add(name, buffer.subarray(0, bytesRead).toString('utf8'), start > 0);
  } finally {
    await file.close();
  }
}
