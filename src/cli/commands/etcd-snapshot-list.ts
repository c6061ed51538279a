import type { ExitCode } from '../../domain/errors.ts';
import { opensWith } from '../../domain/snapshot.ts';
import { renderSnapshots } from '../../ui/snapshots-view.ts';
import { outputStyle } from '../output-style.ts';
import { gatherSnapshots } from '../snapshots/gather-snapshots.ts';
import type { SnapshotListFlags } from '../snapshots/snapshot-flags.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl etcd snapshot-list`: what lies on the etcd nodes and in S3, also while the cluster is stopped. Exit 4 when a
 * place could not be asked or a snapshot is damaged.
 */
export function snapshotList(flags: SnapshotListFlags): Promise<ExitCode> {
  const options = { command: 'etcd snapshot-list', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async (workspace) => {
    const found = await gatherSnapshots(workspace, { contents: flags.quick !== true });
    const { copies, tokens, unasked } = found;
    if (flags.output === 'json') {
      const snapshots = copies.map((copy) => ({ ...copy, opens: opensWith(copy, tokens) }));
      process.stdout.write(`${JSON.stringify({ snapshots, tokens, unasked })}\n`);
    } else {
      process.stdout.write(renderSnapshots(copies, tokens, outputStyle()));
      for (const { place, reason } of unasked) process.stderr.write(`Not asked: ${place}: ${reason}\n`);
    }
    return unasked.length > 0 || copies.some(({ whole }) => whole === false) ? 4 : 0;
  });
}
