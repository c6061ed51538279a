import type { Cluster } from '../../domain/cluster.ts';
import type { FileDiff } from '../../domain/file-diff.ts';
import type { PlannedNode, StepOf } from '../../domain/plan.ts';
import { readFile } from '../../host/files.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import { diffFile, type FileChange, groupDiffs } from '../../plan/diff-file.ts';
import { desiredNode, factsOf } from '../../render/desired-node.ts';
import type { RenderedFile } from '../../render/rendered-file.ts';
import { CONFIG_PATH, manifestsDir } from '../../rke2/paths.ts';
import type { PreparedUp } from '../prepare-up.ts';
import type { Workspace } from '../workspace.ts';
import { createMask } from './rendered-node.ts';

const MOST_BYTES = 256 * 1024;
const HOSTS_AT_ONCE = 30;

/** What stands in a file now; null with an obstacle: it is there, and cannot be shown. */
export interface PresentFile {
  readonly text: string | null;
  readonly obstacle: string | null;
}

/** Tells what stands in a file of a node that has it. */
export type ReadPresent = (node: PlannedNode, path: string) => Promise<PresentFile>;

/** How every file changes that the plan will write or take away. */
export async function readDiffs(
  cluster: Cluster,
  prepared: Pick<PreparedUp, 'plan' | 'input'>,
  read: ReadPresent,
): Promise<readonly FileDiff[]> {
  const steps = prepared.plan.steps.filter((step) => step.kind === 'write-files');
  const semaphore = createSemaphore(HOSTS_AT_ONCE);
  const each = await Promise.all(
    steps.map((step) => semaphore.run(() => diffsOfStep(cluster, prepared, step, read))),
  );
  return groupDiffs(each.flat());
}

/** Reads from the hosts, and does nothing else there. */
export function readFromHosts({ sessions, signals }: Workspace): ReadPresent {
  return async ({ key }, path) => {
    try {
      const options = { maxBytes: MOST_BYTES, signal: signals.stop };
      return { text: await readFile(sessions.get(key), path, options), obstacle: null };
    } catch (error) {
      if (signals.stop.aborted) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { text: null, obstacle: `what is there now cannot be shown: ${why}` };
    }
  };
}

type NodeDiff = Parameters<typeof groupDiffs>[0][number];

async function diffsOfStep(
  cluster: Cluster,
  { input, plan }: Pick<PreparedUp, 'plan' | 'input'>,
  { node, files, removed }: StepOf<'write-files'>,
  read: ReadPresent,
): Promise<readonly NodeDiff[]> {
  const spec = cluster.nodes.find(({ key }) => key === node?.key);
  const facts = node === null ? null : factsOf(input.observed, node.key);
  if (node === null || spec === undefined || facts === null) return [];
  const isCleaned = plan.steps.some(
    ({ kind, node: other }) => kind === 'uninstall' && other?.key === node.key,
  );
  const rendered = new Map(desiredNode(input, spec, facts).files.map((file) => [file.path, file]));
  const mask = createMask(cluster, input);
  const diffs: NodeDiff[] = [];
  for (const path of [...files.map((file) => file.path), ...removed]) {
    const present = !isCleaned && facts.rke2.files[path] !== undefined;
    const before = present ? await read(node, path) : { text: null, obstacle: null };
    const file = rendered.get(path);
    const change: FileChange = {
      path,
      before: before.text ?? (present ? '' : null),
      after: removed.includes(path) ? null : (file?.content ?? undefined),
      secret: file?.secret === true || mayHoldSecrets(path, before.text, input.cluster.dataDir),
      mask: (text) => mask(text, false),
      obstacle: before.obstacle,
    };
    const words = [node.name, node.address, node.otherAddress ?? '', spec.address];
    diffs.push({ node: { name: node.name, words }, diff: diffFile(change) });
  }
  return diffs;
}

/**
 * What stood in config.yaml and manifests is masked line by line. Of all other files nobody knows any more what in their
 * earlier text was a password.
 */
function mayHoldSecrets(path: string, before: RenderedFile['content'], dataDir: string): boolean {
  if (before === null || path === CONFIG_PATH || path.startsWith(`${manifestsDir(dataDir)}/`)) return false;
  return /pass|secret|token|auth|credential|private|key|:\/\/[^\s/]*@/i.test(before);
}
