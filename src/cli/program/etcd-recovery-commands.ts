import type { Command } from 'commander';
import type { CommonFlags, EtcdResetFlags, MaintenanceFlags, SnapshotRestoreFlags } from '../flags.ts';
import { common, maintenance, run } from './command-parts.ts';

/** `etcd …` for its health, and for the days on which it has none. */
export function addEtcdRecoveryCommands(etcd: Command): void {
  maintenance(etcd.command('snapshot-restore'))
    .description('bring the cluster back to a snapshot; it is proved before the first server is stopped')
    .argument(
      '[snapshot]',
      'its full name as `snapshot-list` shows it, or a file; none: go on where it was cut off',
    )
    .option('--token-file <file>', 'the server token of that time, where the state has another')
    .option('--with-version', 'all nodes go back to the RKE2 that took the snapshot, while they are stopped')
    .option(
      '--with-config',
      'only if the file says what it said when the snapshot was taken; tells what differs',
    )
    .option('--no-safety-snapshot', 'take no snapshot of how it is now before: for when none can be taken')
    .action((snapshot: string | undefined, options: SnapshotRestoreFlags) =>
      run(async () =>
        (await import('../commands/etcd-snapshot-restore.ts')).snapshotRestore(snapshot, options),
      )(options),
    );
  maintenance(etcd.command('reset'))
    .description('etcd lost its majority for good: the data of one survivor become the cluster’s')
    .option('--node <name>', 'whose data; without it the survivors are shown, and you are asked')
    .action(
      run(async (options: EtcdResetFlags) => (await import('../commands/etcd-reset.ts')).etcdReset(options)),
    );
  common(etcd.command('health'))
    .description('what each etcd member says of itself; exit code 4 when something is wrong')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/etcd-health.ts')).etcdHealth(options)),
    );
  maintenance(etcd.command('defrag'))
    .description('let etcd’s members give free space back to their disks, one after the other')
    .action(
      run(async (options: MaintenanceFlags) =>
        (await import('../commands/etcd-defrag.ts')).etcdDefrag(options),
      ),
    );
}
