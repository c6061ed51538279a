import { readFile } from 'node:fs/promises';
import { fileKeyNames } from '../../config/file-key-names.ts';
import type { JsonMap } from '../../domain/cluster.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { Change } from '../../domain/plan.ts';
import type { State } from '../../domain/state.ts';
import { findChanges } from '../../plan/changes.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import { openHistory } from '../../state/state-history.ts';
import { timeText } from '../../ui/snapshots-view.ts';
import type { Workspace } from '../workspace.ts';
import type { FetchedSnapshot } from './fetch-restore-snapshot.ts';

const MOST_TOLD = 12;

/**
 * Throws Rke2ctlError unless the file says what it said when the snapshot was taken. The state remembers what was asked
 * for then, without secrets and long texts: enough to tell a difference, too little to write the file again.
 */
export async function refuseOtherFile(
  { cluster, paths }: Workspace,
  { clusterId }: State,
  { name, createdAt }: Pick<FetchedSnapshot, 'name' | 'createdAt'>,
): Promise<void> {
  const kept = await openHistory(paths.state).list();
  const then = kept.find((copy) => copy.clusterId === clusterId && copy.writtenAtMs <= createdAt);
  const document =
    then === undefined ? null : parseStateDocument(await readFile(then.path, 'utf8'), then.path);
  const desired = (document?.desired ?? null) as JsonMap | null;
  if (desired === null) throw notKept(name, createdAt);
  const changes = findChanges(desired, cluster, fileKeyNames());
  if (changes.length > 0) throw otherFile(name, createdAt, changes);
}

function notKept(name: string, createdAt: number): Rke2ctlError {
  return new Rke2ctlError({
    code: 'file-not-known',
    message: `What the file said when ${name} was taken (${timeText(createdAt)}) is not known: no state of that time is kept. Nothing was stopped.`,
    hint: 'Take the file of that time from your version control, and leave `--with-config` away.',
    exitCode: 3,
  });
}

function otherFile(name: string, createdAt: number, changes: readonly Change[]): Rke2ctlError {
  const lines = changes.slice(0, MOST_TOLD).map(({ path, before, after }) => {
    const isTold = before !== null || after !== null;
    return isTold
      ? `  ${path}: then ${textOf(before)}, now ${textOf(after)}`
      : `  ${path}: another one than then (its text is not kept)`;
  });
  const rest = changes.length - lines.length;
  return new Rke2ctlError({
    code: 'file-changed',
    message: [
      `The file says otherwise than when ${name} was taken (${timeText(createdAt)}):`,
      ...lines,
      ...(rest > 0 ? [`  and ${rest} more`] : []),
      'Nothing was stopped.',
    ].join('\n'),
    hint: 'The state keeps no text of the file: put these back by hand or from your version control, and run it again. Without `--with-config` the file of now is used.',
    exitCode: 3,
  });
}

function textOf(value: unknown): string {
  return value === null ? 'not there' : JSON.stringify(value);
}
