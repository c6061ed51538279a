import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Operation } from '../../domain/operation.ts';
import type { SnapshotCopy } from '../../domain/snapshot.ts';
import { deleteSnapshotFiles } from '../../host/delete-snapshot-files.ts';
import { deleteSnapshots } from '../../host/snapshots.ts';
import { leavesNone, neededCopy } from '../../plan/judge-deletion.ts';
import { snapshotsDirOf } from '../../rke2/snapshots-dir.ts';
import { countText } from '../../ui/table.ts';
import { onNodes } from '../nodes/on-nodes.ts';
import { type SelectedNode, selectNodes } from '../nodes/select-nodes.ts';
import { sayResult } from '../say-result.ts';
import type { Workspace } from '../workspace.ts';
import { placeText } from './fetch-copy.ts';
import {
  type FoundSnapshots,
  gatherSnapshots,
  readableState,
  type UnaskedPlace,
} from './gather-snapshots.ts';
import type { SnapshotDeleteFlags } from './snapshot-flags.ts';

/** What a person who forgot `--yes` may do before. */
export const LOOK_FIRST = '`rke2ctl etcd snapshot-list` shows what there is.';

/**
 * Asks, and deletes every copy of these snapshots through the RKE2 of the node that has it, which also takes what lies in
 * S3; where it does not run, the files alone. Then looks again. Exit 0 when all are gone, 4 when not, or when a place could
 * not be asked.
 */
export async function deleteCopies(
  workspace: Workspace,
  copies: readonly SnapshotCopy[],
  found: FoundSnapshots,
  flags: SnapshotDeleteFlags,
): Promise<ExitCode> {
  const names = [...new Set(copies.map(({ name }) => name))];
  refuseNeeded(copies, (await readableState(workspace))?.operation);
  await confirm(workspace, names, copies, found, flags);
  const failures = await deleteThem(workspace, copies);
  const left = await gatherSnapshots(workspace, { contents: false, names });
  const reasons = failures.map(({ place, reason }) => `${place}: ${reason}`);
  const kept = left.copies.map((copy) => ({ name: copy.name, where: placeText(copy) }));
  const gone = copies
    .map((copy) => ({ name: copy.name, where: placeText(copy) }))
    .filter((copy) => !kept.some(({ name, where }) => name === copy.name && where === copy.where));
  const places = [...new Map([...found.unasked, ...left.unasked].map((each) => [each.place, each])).values()];
  const lines = [
    ...names.flatMap((name) => {
      const from = gone.filter((copy) => copy.name === name).map(({ where }) => where);
      return from.length === 0 ? [] : [`${name}: deleted from ${from.join(', ')}`];
    }),
    ...kept.map(({ name, where }) => `${name}: STILL on ${where}`.replace('on S3', 'in S3')),
  ];
  sayResult(flags, lines.join('\n'), { deleted: gone, kept, failures, unasked: places });
  if (flags.output !== 'json') {
    for (const reason of reasons) process.stderr.write(`Not deleted: ${reason}\n`);
    for (const { place, reason } of places) process.stderr.write(`Not asked: ${place}: ${reason}\n`);
  }
  return kept.length === 0 && failures.length === 0 && places.length === 0 ? 0 : 4;
}

async function confirm(
  workspace: Workspace,
  names: readonly string[],
  copies: readonly SnapshotCopy[],
  found: FoundSnapshots,
  { yes }: SnapshotDeleteFlags,
): Promise<void> {
  const listed = names.map((name) => {
    const places = copies.filter((copy) => copy.name === name).map(placeText);
    return `${name} (${places.join(', ')})`;
  });
  const text = [
    `${countText(names.length, 'snapshot')} will be gone for good: ${listed.join(', ')}.`,
    ...lastOnes(names, found),
  ].join(' ');
  if (yes === true) {
    workspace.emit({ type: 'notice', message: text });
    return;
  }
  if (await workspace.ask(`${text} Delete?`)) return;
  throw new Rke2ctlError({
    code: 'declined',
    message: 'Nothing was deleted.',
    hint: 'That was your answer; `--yes` does not ask.',
    exitCode: 0,
  });
}

/** Says so where nothing would be left to go back to. */
function lastOnes(names: readonly string[], { copies, unasked }: FoundSnapshots): readonly string[] {
  if (!leavesNone(names, copies)) return [];
  const where = unasked.length === 0 ? '' : ' in the places that could be asked';
  return [`NO OTHER IS LEFT${where}: until one is saved there is nothing to bring the cluster back with.`];
}

/** A verb that is in hand may have to be gone on with, or back from. */
function refuseNeeded(copies: readonly SnapshotCopy[], operation: Operation | undefined): void {
  const needed = operation === undefined ? null : neededCopy(copies, operation);
  if (operation === undefined || needed === null) return;
  throw new Rke2ctlError({
    code: 'snapshot-needed',
    message: `\`rke2ctl ${operation.verb}\` has not come to its end, and may need ${needed.name}. Nothing was deleted.`,
    hint: `Run \`rke2ctl ${operation.verb}\`: it goes on where it stopped. Then run this again.`,
  });
}

async function deleteThem(
  workspace: Workspace,
  copies: readonly SnapshotCopy[],
): Promise<readonly UnaskedPlace[]> {
  const nodes = selectNodes([], workspace.cluster, null).filter(({ node }) => node.roles.includes('etcd'));
  const namesOn = new Map<string, string[]>();
  for (const { name, place } of copies)
    if (place.kind === 'node') namesOn.set(place.key, [...(namesOn.get(place.key) ?? []), name]);
  const onDisk = new Set([...namesOn.values()].flat());
  const failures = [
    ...(await deleteOn(
      workspace,
      nodes.filter(({ node }) => namesOn.has(node.key)),
      ({ node }) => namesOn.get(node.key) ?? [],
    )),
  ];
  const onlyInS3 = copies.filter(({ name, place }) => place.kind === 's3' && !onDisk.has(name));
  if (onlyInS3.length === 0) return failures;
  const names = onlyInS3.map(({ name }) => name);
  for (const selected of nodes) {
    const failed = await deleteOn(workspace, [selected], () => names, true);
    if (failed.length === 0) return failures;
    if (selected === nodes.at(-1)) failures.push(...failed.map((each) => ({ ...each, place: 'S3' })));
  }
  return failures;
}

async function deleteOn(
  { cluster, connect, connectWindow, signals }: Workspace,
  nodes: readonly SelectedNode[],
  namesOf: (selected: SelectedNode) => readonly string[],
  mustRun = false,
): Promise<readonly UnaskedPlace[]> {
  const signal = signals.stop;
  const outcomes = await onNodes(
    nodes,
    { connect, window: connectWindow, signal },
    async ({ host }, selected) => {
      const names = namesOf(selected);
      const directory = snapshotsDirOf(cluster, selected.node);
      const isGone = await deleteSnapshotFiles(host, {
        ...{ directory, dataDir: cluster.dataDir, signal },
        names: mustRun ? [] : names,
      });
      if (!isGone) await deleteSnapshots(host, names, { signal });
      else if (mustRun) throw notRunning(selected.label);
    },
  );
  return outcomes.flatMap(({ failure, label }) =>
    failure === null ? [] : [{ place: label, reason: `${failure.message} ${failure.hint}` }],
  );
}

function notRunning(label: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'server-down',
    message: `What lies in S3 is deleted by RKE2, and it does not run on ${label}.`,
    hint: 'Run this again when a server runs, or delete it in S3 itself.',
  });
}
