import { Rke2ctlError } from '../../domain/errors.ts';
import type { SnapshotCopy } from '../../domain/snapshot.ts';
import type { Workspace } from '../workspace.ts';
import { type FoundSnapshots, gatherSnapshots, type UnaskedPlace } from './gather-snapshots.ts';

const MOST_NAMED = 8;

/**
 * Every copy of one snapshot, by its full name; those on nodes are read from end to end with `contents`. Throws
 * Rke2ctlError when there is none, naming what there is and who could not be asked.
 */
export async function findSnapshot(
  workspace: Workspace,
  name: string,
  options: { readonly contents: boolean },
): Promise<FoundSnapshots> {
  refusePath(name);
  const found = await gatherSnapshots(workspace, { ...options, names: [name] });
  if (found.copies.length > 0) return found;
  const all = await gatherSnapshots(workspace, { contents: false });
  throw notFound(name, all.copies, all.unasked);
}

/** A name with a way in it would lead out of the directory of snapshots. */
export function refusePath(name: string): void {
  if (name !== '' && name !== '.' && name !== '..' && !/[/\n]/.test(name)) return;
  throw new Rke2ctlError({
    code: 'snapshot-name',
    message: `${JSON.stringify(name)} is no name of a snapshot, and no file here.`,
    hint: 'Give the full name as `rke2ctl etcd snapshot-list` shows it.',
    exitCode: 3,
  });
}

/** Says what there is instead, the likeliest first. */
export function notFound(
  name: string,
  copies: readonly SnapshotCopy[],
  unasked: readonly UnaskedPlace[],
): Rke2ctlError {
  const names = [...new Set(copies.map((copy) => copy.name))];
  const near = names.filter((each) => each.startsWith(name) || each.includes(name));
  const shown = (near.length > 0 ? near : names).slice(0, MOST_NAMED);
  const rest = names.length - shown.length;
  const away = unasked.map(({ place }) => place);
  const silent = away.length === 0 ? '' : ` ${away.join(' and ')} could not be asked.`;
  const there =
    shown.length === 0
      ? 'There is none at all.'
      : `There ${names.length === 1 ? 'is' : 'are'} ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
  return new Rke2ctlError({
    code: 'snapshot-not-found',
    message: `No snapshot is called ${JSON.stringify(name)}.${silent}`,
    hint: `${there} \`rke2ctl etcd snapshot-list\` shows all of them with their places.`,
    exitCode: away.length === 0 ? 3 : 4,
  });
}
