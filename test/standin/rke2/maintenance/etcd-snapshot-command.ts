import { stringify } from 'yaml';
import { S3_FLAGS } from '../command-flags.ts';
import type { ParsedFlags } from '../flags.ts';
import { isSet, makeFlagSet, mergeFlagSets, numberOf, textOf } from '../flags.ts';
import { HttpStatusError } from '../http.ts';
import { CommandError, info, reasonOf, warn } from '../log.ts';
import { sendToSupervisor } from '../supervisor-client.ts';
import { alignColumns, openLocalSupervisor } from './local-supervisor.ts';
import type { SnapshotRecord } from './snapshot-records.ts';
import { s3ConfigOf } from './snapshot-s3.ts';
import type { SnapshotRequest, SnapshotResponse } from './snapshot-service.ts';

const S3_NAMES = [...S3_FLAGS.kinds.keys()].map((name): readonly [string, string] => [
  name.replace(/^etcd-/, ''),
  name,
]);

/** The flags of `rke2 etcd-snapshot`; also what it takes from the configuration file, hence its many warnings. */
export const ETCD_SNAPSHOT_FLAGS = mergeFlagSets(
  S3_FLAGS,
  makeFlagSet(
    {
      string: 'config data-dir etcd-server etcd-token name etcd-snapshot-dir node-name output log',
      bool: 'debug etcd-snapshot-compress alsologtostderr',
      int: 'etcd-snapshot-retention',
    },
    {
      c: 'config',
      d: 'data-dir',
      s: 'etcd-server',
      t: 'etcd-token',
      dir: 'etcd-snapshot-dir',
      'snapshot-compress': 'etcd-snapshot-compress',
      'snapshot-retention': 'etcd-snapshot-retention',
      o: 'output',
      ...Object.fromEntries(S3_NAMES),
    },
  ),
);

/** `rke2 etcd-snapshot [save|ls|delete|prune]`; progress goes to stderr, only `ls` writes to stdout. */
export async function runEtcdSnapshot(subcommand: string, flags: ParsedFlags): Promise<void> {
  switch (subcommand) {
    case 'save':
      return save(flags);
    case 'ls':
    case 'list':
    case 'l':
      return list(flags);
    case 'delete':
      return remove(flags);
    case 'prune':
      return prune(flags);
    default:
      throw new CommandError(`No help topic for '${subcommand}'`);
  }
}

async function save(flags: ParsedFlags): Promise<void> {
  if (flags.rest.length > 0) throw new CommandError('this command does not take any arguments');
  const answer = await ask(flags, {
    operation: 'save',
    names: [textOf(flags, 'name', 'on-demand')],
    retention: 0,
  });
  for (const name of answer.created ?? []) info(`Snapshot ${name} saved.`);
}

async function remove(flags: ParsedFlags): Promise<void> {
  if (flags.rest.length === 0) throw new CommandError('no snapshots given for removal');
  const answer = await ask(flags, { operation: 'delete', names: flags.rest, retention: 0 });
  for (const name of flags.rest) {
    if (answer.deleted?.includes(name) === true) info(`Snapshot ${name} deleted.`);
    else warn(`Snapshot ${name} not found.`);
  }
}

async function prune(flags: ParsedFlags): Promise<void> {
  const retention = numberOf(flags, 'etcd-snapshot-retention', 5);
  const answer = await ask(flags, {
    operation: 'prune',
    names: [textOf(flags, 'name', 'on-demand')],
    retention,
  });
  for (const name of answer.deleted ?? []) info(`Snapshot ${name} deleted.`);
}

async function list(flags: ParsedFlags): Promise<void> {
  const format = textOf(flags, 'output', 'table').toLowerCase();
  if (!['json', 'yaml', 'table'].includes(format)) throw new CommandError(`invalid output format: ${format}`);
  const answer = await ask(flags, { operation: 'list', names: [], retention: 0 });
  const records = answer.records ?? [];
  const whole = {
    kind: 'ETCDSnapshotFileList',
    apiVersion: 'k3s.cattle.io/v1',
    metadata: {},
    items: records,
  };
  if (format === 'json') process.stdout.write(`${JSON.stringify(whole)}\n`);
  else if (format === 'yaml') process.stdout.write(stringify(whole));
  else process.stdout.write(renderTable(records));
}

function renderTable(records: readonly SnapshotRecord[]): string {
  const rows = records.map((record) => [
    record.spec.snapshotName,
    record.spec.location,
    record.status?.size ?? '',
    record.status?.creationTime ?? '',
  ]);
  return alignColumns([['Name', 'Location', 'Size', 'Created'], ...rows], 1);
}

async function ask(
  flags: ParsedFlags,
  wanted: Pick<SnapshotRequest, 'operation' | 'names' | 'retention'>,
): Promise<SnapshotResponse> {
  const s3 = s3ConfigOf(flags);
  const request: SnapshotRequest = {
    ...wanted,
    directory: textOf(flags, 'etcd-snapshot-dir'),
    compress: isSet(flags, 'etcd-snapshot-compress'),
    ...(s3 !== undefined && { s3 }),
  };
  const access = await openLocalSupervisor(flags, { server: 'etcd-server', token: 'etcd-token' });
  try {
    return JSON.parse(
      (await sendToSupervisor(access, 'POST', '/db/snapshot', request)).toString(),
    ) as SnapshotResponse;
  } catch (error) {
    const words = error instanceof HttpStatusError && error.body !== '' ? error.body : reasonOf(error);
    throw new CommandError(`see server log for details: ${words}`);
  }
}
