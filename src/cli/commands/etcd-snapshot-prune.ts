import type { ExitCode } from '../../domain/errors.ts';
import { outdatedSnapshots } from '../../rke2/outdated-snapshots.ts';
import { sayResult } from '../say-result.ts';
import { deleteCopies } from '../snapshots/delete-copies.ts';
import { gatherSnapshots } from '../snapshots/gather-snapshots.ts';
import type { SnapshotPruneFlags } from '../snapshots/snapshot-flags.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl etcd snapshot-prune`: of the snapshots of a name, all but the newest of each node, on the node and in S3. */
export function snapshotPrune(flags: SnapshotPruneFlags): Promise<ExitCode> {
  const options = { command: 'etcd snapshot-prune', flags, locks: true } as const;
  return withWorkspace(options, async (workspace) => {
    const { copies, unasked } = await gatherSnapshots(workspace, { contents: false });
    const doomed = outdatedSnapshots(copies, flags.name, flags.keep);
    if (doomed.length > 0) return deleteCopies(workspace, doomed, unasked, flags);
    const words = `No node has more than ${flags.keep} of the snapshots called ${flags.name}.`;
    sayResult(flags, words, { deleted: [], kept: [], failures: [], unasked });
    for (const { place, reason } of flags.output === 'json' ? [] : unasked)
      process.stderr.write(`Not asked: ${place}: ${reason}\n`);
    return unasked.length === 0 ? 0 : 4;
  });
}
