import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../domain/errors.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { Host } from '../host/host.ts';
import {
  deleteSnapshots,
  type ListedSnapshot,
  listSnapshots,
  saveSnapshot as save,
} from '../host/snapshots.ts';
import { explainSnapshotFailure } from '../rke2/snapshot-failures.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/** Begins the names of the snapshots that rke2ctl takes by itself before it changes something. */
const OWN_PREFIX = 'rke2ctl-';
/** So many of our own stay on a host. */
const KEPT = 5;
const SAVE_TIMEOUT_MS = 10 * 60_000;
const BUSY_POLL_MS = 2_000;

/**
 * Saves an etcd snapshot with the host's own RKE2 and sees it listed. One of that name that is there already is enough.
 * Of those that rke2ctl took by itself only the newest five stay; snapshots of others are never touched.
 */
export const saveSnapshot: StepHandler<'save-snapshot'> = {
  title: ({ name }) => `save the etcd snapshot ${name}`,
  run: async ({ node, name, besides = [] }, context) => {
    if (node === null) throw new Error('save-snapshot needs a node');
    const host = context.host(node.key);
    const options = { signal: context.signal };
    const isNew = ({ name: full }: ListedSnapshot) => !besides.includes(full);
    if (ofName(await listSnapshots(host, options), name, node).some(isNew)) return 'unchanged';
    await saveWhenFree(host, node, name, context);
    const listed = await listSnapshots(host, options);
    const saved = ofName(listed, name, node).filter(isNew);
    if (saved.length === 0) throw notSaved(node, name, ['it is not in the list of snapshots']);
    if (!saved.some(({ location }) => location.startsWith('s3://'))) tellOfS3(node, name, context);
    const old = outdated(listed, node);
    if (name.startsWith(OWN_PREFIX) && old.length > 0) await deleteSnapshots(host, old, options);
    return 'done';
  },
};

/** RKE2 counts a snapshot as saved when it lies on the node, whatever became of the copy in S3. */
function tellOfS3({ key, name: node }: PlannedNode, name: string, context: StepContext): void {
  if (context.cluster.rke2.server['etcd-s3'] !== true) return;
  context.reportFinding({
    severity: 'warning',
    code: 'snapshot-not-in-s3',
    node: key,
    message: `The snapshot ${name} lies on ${node}, but not in S3: it could not be copied there.`,
    hint: 'See `rke2ctl logs --since 10m` for what S3 said; its bucket may be full, or these keys may not write.',
  });
}

/** RKE2 takes one snapshot at a time: its own by schedule may be at it. */
async function saveWhenFree(
  host: Host,
  node: PlannedNode,
  name: string,
  context: StepContext,
): Promise<void> {
  const deadline = Date.now() + context.timeoutMs;
  const options = { timeoutMs: Math.max(context.timeoutMs, SAVE_TIMEOUT_MS), signal: context.signal };
  for (;;) {
    const { saved, words } = await save(host, name, options);
    if (saved) return;
    const isBusy = words.some((line) => line.includes('already in progress'));
    if (!isBusy || Date.now() > deadline) throw notSaved(node, name, words);
    context.progress('waits for another snapshot to be done');
    await sleep(BUSY_POLL_MS, undefined, { signal: context.signal });
  }
}

/** `NAME-<node>-<unix time>`, compressed ones with an ending. */
function ofName(
  listed: readonly ListedSnapshot[],
  name: string,
  node: PlannedNode,
): readonly ListedSnapshot[] {
  return listed.filter((snapshot) => stemOf(snapshot.name, node)?.stem === name);
}

function stemOf(full: string, node: PlannedNode): { readonly stem: string; readonly time: number } | null {
  const [, before = '', time] = /^(.*)-(\d+)(?:\.zip)?$/.exec(full) ?? [];
  if (time === undefined || !before.endsWith(`-${node.name}`)) return null;
  return { stem: before.slice(0, -node.name.length - 1), time: Number(time) };
}

/** Names of our own snapshots of this node that are older than the newest five. */
function outdated(listed: readonly ListedSnapshot[], node: PlannedNode): readonly string[] {
  const times = new Map(
    listed.flatMap(({ name }) => {
      const found = stemOf(name, node);
      return found?.stem.startsWith(OWN_PREFIX) === true ? [[name, found.time] as const] : [];
    }),
  );
  const newestFirst = [...times].sort(([, a], [, b]) => b - a);
  return newestFirst.slice(KEPT).map(([name]) => name);
}

function notSaved(node: PlannedNode, name: string, words: readonly string[]): ServiceError {
  return new ServiceError({
    code: 'snapshot-failed',
    message: `The etcd snapshot ${name} could not be saved on ${node.name}, so nothing is changed after it.`,
    hint:
      explainSnapshotFailure(words) ??
      'See `journalctl -u rke2-server` on that host and whether its disk is full, then run the same command again.',
    lastWords: words.slice(-5),
  });
}
