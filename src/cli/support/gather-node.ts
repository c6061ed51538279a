import type { ClusterNode } from '../../domain/cluster.ts';
import type { HostHealth } from '../../domain/cluster-status.ts';
import { MARKER_PATH } from '../../domain/marker.ts';
import type { HostFacts } from '../../domain/observed.ts';
import { Secret } from '../../domain/secret.ts';
import { askForSupport, type SupportQuestion, supportQuestions } from '../../host/gather-support.ts';
import type { Host } from '../../host/host.ts';
import { readSupportFiles, readSupportTokens } from '../../host/support-files.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import { isServer } from '../../rke2/roles.ts';
import type { Workspace } from '../workspace.ts';
import type { Bundle } from './bundle.ts';
import { maskHostFile } from './mask-host-file.ts';

/** A node that answered. */
export interface AskedNode {
  readonly node: ClusterNode;
  /** Its folder in the bundle. */
  readonly label: string;
  readonly host: Host;
  readonly facts: HostFacts;
  readonly health: HostHealth | undefined;
}

/** Questions to one host at once; a connection has four channels. */
const WINDOW = 3;

/** Puts everything about one node into the bundle; what it does not answer is a gap. Only the person ends it early. */
export async function gatherNode(
  bundle: Bundle,
  { node, label, host, facts, health }: AskedNode,
  { cluster, signals }: Pick<Workspace, 'cluster' | 'signals'>,
  lines: number,
): Promise<void> {
  const folder = `nodes/${label}`;
  const options = { dataDir: cluster.dataDir, lines, signal: signals.stop };
  bundle.add(`${folder}/facts.json`, `${JSON.stringify(withoutHashes(facts), null, 2)}\n`);
  if (node.roles.includes('etcd')) {
    if (health?.etcd) bundle.add(`${folder}/etcd.json`, `${JSON.stringify(health.etcd, null, 2)}\n`);
    else bundle.miss({ node: label, what: 'etcd.json', why: 'etcd gave no answer' });
  }
  const semaphore = createSemaphore(WINDOW);
  const attempt = (what: string, work: () => Promise<void>) =>
    semaphore.run(async () => {
      try {
        await work();
      } catch (error) {
        signals.stop.throwIfAborted();
        bundle.miss({ node: label, what, why: error instanceof Error ? error.message : String(error) });
      }
    });
  const ask = (question: SupportQuestion) =>
    attempt(question.name, async () => {
      const { text, truncated } = await askForSupport(host, question, options);
      if (text.trim() === '')
        bundle.miss({ node: label, what: question.name, why: 'the host had nothing to say' });
      else bundle.add(`${folder}/${question.name}`, text, truncated);
    });
  await Promise.all([
    attempt('tokens', async () => bundle.hide(await readSupportTokens(host, options))),
    attempt('files', () => gatherFiles(bundle, { label, host, cluster }, options)),
    ...supportQuestions(isServer(node.roles)).map(ask),
  ]);
}

async function gatherFiles(
  bundle: Bundle,
  { label, host, cluster }: Pick<AskedNode, 'label' | 'host'> & Pick<Workspace, 'cluster'>,
  options: { readonly dataDir: string; readonly signal: AbortSignal },
): Promise<void> {
  const secretPaths = new Set(
    cluster.files.flatMap(({ path, content }) => (content instanceof Secret ? [path] : [])),
  );
  const { files, tooBig } = await readSupportFiles(host, options);
  for (const path of tooBig) bundle.miss({ node: label, what: path, why: 'it is too big' });
  for (const { path, text } of files) {
    const content = path === MARKER_PATH ? withoutWritten(text) : text;
    const masked = secretPaths.has(path)
      ? { why: 'cluster.yml calls it a secret' }
      : maskHostFile(path, content);
    if ('why' in masked) bundle.miss({ node: label, what: path, why: masked.why });
    else {
      bundle.hide(masked.found);
      bundle.add(`nodes/${label}/files${path}`, masked.text);
    }
  }
}

/** A hash of a file lets one try which password stands in it. */
function withoutHashes(facts: HostFacts): unknown {
  const { marker, files, ...rke2 } = facts.rke2;
  const modes = Object.entries(files).map(([path, { mode }]) => [path, mode]);
  const plain = marker === null || marker === 'unreadable' ? marker : { ...marker, written: undefined };
  return { ...facts, rke2: { ...rke2, marker: plain, files: Object.fromEntries(modes) } };
}

function withoutWritten(marker: string): string {
  try {
    const { written: _written, ...rest } = JSON.parse(marker) as Record<string, unknown>;
    return JSON.stringify(rest, null, 2);
  } catch {
    return '';
  }
}
