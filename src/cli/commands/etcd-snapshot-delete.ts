import type { ExitCode } from '../../domain/errors.ts';
import { refuseUnattended } from '../refuse-unattended.ts';
import { deleteCopies, LOOK_FIRST } from '../snapshots/delete-copies.ts';
import { notFound, refusePath } from '../snapshots/find-snapshot.ts';
import { gatherSnapshots } from '../snapshots/gather-snapshots.ts';
import type { SnapshotDeleteFlags } from '../snapshots/snapshot-flags.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl etcd snapshot-delete NAME…`: every copy of them, on nodes and in S3. Deletes nothing where one name is unknown. */
export async function snapshotDelete(
  names: readonly string[],
  flags: SnapshotDeleteFlags,
): Promise<ExitCode> {
  refuseUnattended('etcd snapshot-delete', flags, LOOK_FIRST);
  const options = { command: 'etcd snapshot-delete', flags, locks: true } as const;
  return withWorkspace(options, async (workspace) => {
    names.forEach(refusePath);
    const found = await gatherSnapshots(workspace, { contents: false });
    const { copies, unasked } = found;
    for (const name of names) {
      if (!copies.some((copy) => copy.name === name)) throw notFound(name, copies, unasked);
    }
    const doomed = copies.filter(({ name }) => names.includes(name));
    return deleteCopies(workspace, doomed, found, flags);
  });
}
