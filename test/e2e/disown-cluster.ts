import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MARKER_PATH } from '../../src/domain/marker.ts';
import { mergeConfigFiles } from '../../src/rke2/merge-config-files.ts';
import { CONFIG_DROPIN_DIR, CONFIG_PATH } from '../../src/rke2/paths.ts';
import type { LabHost } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import type { Project } from './project.ts';

/** Takes away what says that a cluster is rke2ctl's: the marker on each host and the state's copy in the cluster. */
export async function disownCluster(project: Project, hosts: readonly LabHost[]): Promise<void> {
  for (const host of hosts) await rm(join(host.root, MARKER_PATH), { force: true });
  const secret = ['-n', 'kube-system', 'delete', 'secret', 'rke2ctl-state', '--ignore-not-found'];
  expectExit(await project.kubectl(...secret));
}

/**
 * Writes a host's settings as a person would have: all in one config.yaml, in other words, with the tokens in it, and older than what
 * runs, which is not touched.
 */
export async function rewriteByHand({ root }: LabHost): Promise<void> {
  const path = join(root, CONFIG_PATH);
  const folder = join(root, CONFIG_DROPIN_DIR);
  const dropIns = (await readdir(folder).catch(() => [])).sort().map((name) => join(folder, name));
  const files = await Promise.all(
    [path, ...dropIns].map(async (each) => ({ path: each, text: await readFile(each, 'utf8') })),
  );
  const values: Record<string, unknown> = { ...mergeConfigFiles(files).values };
  for (const key of ['token', 'agent-token']) {
    const place = values[`${key}-file`];
    if (typeof place !== 'string') continue;
    values[key] = (await readFile(join(root, place), 'utf8')).trim();
    delete values[`${key}-file`];
    await rm(join(root, place));
  }
  for (const each of dropIns) await rm(each);
  const lines = Object.entries(values).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  await writeFile(path, `${lines.reverse().join('\n')}\n`, { mode: 0o600 });
  const yesterday = Date.now() / 1_000 - 86_400;
  await utimes(path, yesterday, yesterday);
}
