import type { FileDiff } from '../domain/file-diff.ts';
import type { PlannedNode, StepOf } from '../domain/plan.ts';
import { readFile } from '../host/files.ts';
import { createSemaphore } from '../lib/semaphore.ts';
import { diffFile, type FileChange, groupDiffs } from '../plan/diff-file.ts';
import { desiredNode, factsOf } from '../render/desired-node.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { CONFIG_PATH, manifestsDir } from '../rke2/paths.ts';
import type { PreparedUp } from './prepare-up.ts';
import { createMask } from './rendered-node.ts';
import type { Workspace } from './workspace.ts';

const MOST_BYTES = 256 * 1024;
const HOSTS_AT_ONCE = 30;

/** How every file changes that the plan will write or take away. What is there now is read from the hosts, and nothing else done there. */
export async function readDiffs(workspace: Workspace, prepared: PreparedUp): Promise<readonly FileDiff[]> {
  const steps = prepared.plan.steps.filter((step) => step.kind === 'write-files');
  const semaphore = createSemaphore(HOSTS_AT_ONCE);
  const each = await Promise.all(
    steps.map((step) => semaphore.run(() => diffsOfStep(workspace, prepared, step))),
  );
  return groupDiffs(each.flat());
}

type NodeDiff = Parameters<typeof groupDiffs>[0][number];

async function diffsOfStep(
  workspace: Workspace,
  prepared: PreparedUp,
  { node, files, removed }: StepOf<'write-files'>,
): Promise<readonly NodeDiff[]> {
  const { input, plan } = prepared;
  const spec = workspace.cluster.nodes.find(({ key }) => key === node?.key);
  const facts = node === null ? null : factsOf(input.observed, node.key);
  if (node === null || spec === undefined || facts === null) return [];
  const isCleaned = plan.steps.some(
    ({ kind, node: other }) => kind === 'uninstall' && other?.key === node.key,
  );
  const rendered = new Map(desiredNode(input, spec, facts).files.map((file) => [file.path, file]));
  const mask = createMask(workspace.cluster, input);
  const diffs: NodeDiff[] = [];
  for (const path of [...files.map((file) => file.path), ...removed]) {
    const present = !isCleaned && facts.rke2.files[path] !== undefined;
    const before = present ? await readPresent(workspace, node, path) : { text: null, obstacle: null };
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

async function readPresent(
  { sessions, signals }: Workspace,
  { key }: PlannedNode,
  path: string,
): Promise<{ readonly text: string | null; readonly obstacle: string | null }> {
  try {
    const host = sessions.get(key);
    const text = await readFile(host, path, { maxBytes: MOST_BYTES, signal: signals.stop });
    return { text, obstacle: null };
  } catch (error) {
    if (signals.stop.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { text: null, obstacle: `what is there now cannot be shown: ${why}` };
  }
}

/**
 * What stood in config.yaml and manifests is masked line by line. Of all other files nobody knows any more what in their
 * earlier text was a password.
 */
function mayHoldSecrets(path: string, before: RenderedFile['content'], dataDir: string): boolean {
  if (before === null || path === CONFIG_PATH || path.startsWith(`${manifestsDir(dataDir)}/`)) return false;
  return /pass|secret|token|auth|credential|private|key|:\/\/[^\s/]*@/i.test(before);
}
