import type { Command } from 'commander';
import type { CommonFlags } from '../flags.ts';
import type {
  SnapshotDeleteFlags,
  SnapshotDownloadFlags,
  SnapshotListFlags,
  SnapshotPruneFlags,
  SnapshotSaveFlags,
} from '../snapshots/snapshot-flags.ts';
import { common, maintenance, positive, run } from './command-parts.ts';
import { addEtcdRecoveryCommands } from './etcd-recovery-commands.ts';

/** `etcd …`: its snapshots, in RKE1's names. */
export function addEtcdCommands(program: Command): void {
  const etcd = program.command('etcd').description('etcd and its snapshots');
  addSave(etcd);
  addList(etcd);
  addVerify(etcd);
  addDownload(etcd);
  addDelete(etcd);
  addPrune(etcd);
  addEtcdRecoveryCommands(etcd);
}

function addSave(etcd: Command): void {
  maintenance(etcd.command('snapshot-save'))
    .description('save a snapshot on an etcd node, and in S3 where the file names one')
    .option('--name <name>', 'what it is called; node and time come behind it (default: on-demand)')
    .option('--node <node...>', 'each of these nodes takes one, or all (default: the first that runs)')
    .action(
      run(async (options: SnapshotSaveFlags) =>
        (await import('../commands/etcd-snapshot-save.ts')).snapshotSave(options),
      ),
    );
}

function addList(etcd: Command): void {
  common(etcd.command('snapshot-list'))
    .description('show the snapshots on every etcd node and in S3; exit code 4 when one is damaged')
    .option('--quick', 'names and sizes only; without it each file is read to see that it is whole')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: SnapshotListFlags) =>
        (await import('../commands/etcd-snapshot-list.ts')).snapshotList(options),
      ),
    );
}

function addVerify(etcd: Command): void {
  common(etcd.command('snapshot-verify'))
    .description('read every copy of a snapshot, or a file here: is it whole, and which token opens it')
    .argument('<snapshot>', 'its full name as `snapshot-list` shows it, or a file of this machine')
    .option('--local', 'this machine alone')
    .action((snapshot: string, options: CommonFlags) =>
      run(async () =>
        (await import('../commands/etcd-snapshot-verify.ts')).snapshotVerify(snapshot, options),
      )(options),
    );
}

function addDownload(etcd: Command): void {
  common(etcd.command('snapshot-download'))
    .description('fetch a snapshot to this machine, from a node or from S3, and check it')
    .argument('<snapshot>', 'its full name as `snapshot-list` shows it')
    .option('--out <dir>', 'where it goes', '.')
    .option('--local', 'this machine alone')
    .action((snapshot: string, options: SnapshotDownloadFlags) =>
      run(async () =>
        (await import('../commands/etcd-snapshot-download.ts')).snapshotDownload(snapshot, options),
      )(options),
    );
}

function addDelete(etcd: Command): void {
  common(etcd.command('snapshot-delete'))
    .description('delete every copy of these snapshots, on nodes and in S3')
    .argument('<snapshot...>', 'full names as `snapshot-list` shows them')
    .option('--yes', 'do not ask')
    .option('--local', 'this machine alone')
    .action((snapshots: readonly string[], options: SnapshotDeleteFlags) =>
      run(async () =>
        (await import('../commands/etcd-snapshot-delete.ts')).snapshotDelete(snapshots, options),
      )(options),
    );
}

function addPrune(etcd: Command): void {
  common(etcd.command('snapshot-prune'))
    .description('delete the older snapshots of a name, on nodes and in S3')
    .option('--keep <n>', 'so many of each node stay', positive, 5)
    .option('--name <name>', 'which: what was given to `snapshot-save`', 'on-demand')
    .option('--yes', 'do not ask')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: SnapshotPruneFlags) =>
        (await import('../commands/etcd-snapshot-prune.ts')).snapshotPrune(options),
      ),
    );
}
