import type { ExitCode } from '../../domain/errors.ts';
import { outdatedSnapshots } from '../../rke2/outdated-snapshots.ts';
import { refuseUnattended } from '../refuse-unattended.ts';
import { sayResult } from '../say-result.ts';
import { deleteCopies, LOOK_FIRST } from '../snapshots/delete-copies.ts';
import { gatherSnapshots } from '../snapshots/gather-snapshots.ts';
import type { SnapshotPruneFlags } from '../snapshots/snapshot-flags.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl etcd snapshot-prune`: of the snapshots of a name, all but the newest of each node, on the node and in S3. */
export async function snapshotPrune(flags: SnapshotPruneFlags): Promise<ExitCode> {
  refuseUnattended('etcd snapshot-prune', flags, LOOK_FIRST);
  const options = { command: 'etcd snapshot-prune', flags, locks: true } as const;
  return withWorkspace(options, async (workspace) => {
    const found = await gatherSnapshots(workspace, { contents: false });
    const { copies, unasked } = found;
    const doomed = outdatedSnapshots(copies, flags.name, flags.keep);
    if (doomed.length > 0) return deleteCopies(workspace, doomed, found, flags);
    const words = `No node has more than ${flags.keep} of the snapshots called ${flags.name}.`;
    sayResult(flags, words, { deleted: [], kept: [], failures: [], unasked });
    for (const { place, reason } of flags.output === 'json' ? [] : unasked)
      process.stderr.write(`Not asked: ${place}: ${reason}\n`);
    return unasked.length === 0 ? 0 : 4;
  });
}
