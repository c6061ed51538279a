import { RemoteCommandError } from '../domain/errors.ts';
import type { EtcdAlarm, EtcdStatus } from '../domain/etcd-health.ts';
import { commandFailure } from './command-failure.ts';
import { askEtcd } from './etcd.ts';
import type { Host } from './host.ts';
import { memberIdHex } from './parse-members.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
}

/** Numbers of 64 bits come as decimal text, and nothing that is zero or false comes at all. */
interface RawStatus {
  readonly header?: { readonly member_id?: string; readonly revision?: string };
  readonly version?: string;
  readonly dbSize?: string;
  readonly dbSizeInUse?: string;
  readonly leader?: string;
  readonly raftIndex?: string;
  readonly raftTerm?: string;
  readonly isLearner?: boolean;
  readonly errors?: readonly string[];
}

/** How the node's own member says it is; null when none answers. */
export async function readEtcdStatus(host: Host, options: CallOptions = {}): Promise<EtcdStatus | null> {
  const answer = await ask(host, '/v3/maintenance/status', {}, 'Asking etcd how it is', options);
  const status = parse(answer) as RawStatus | null;
  const id = status?.header?.member_id;
  if (status === null || id === undefined) return null;
  return {
    id: memberIdHex(id),
    version: status.version ?? '',
    dbBytes: Number(status.dbSize ?? 0),
    usedBytes: Number(status.dbSizeInUse ?? 0),
    leader: (status.leader ?? '0') === '0' ? null : memberIdHex(status.leader ?? ''),
    raftIndex: Number(status.raftIndex ?? 0),
    raftTerm: Number(status.raftTerm ?? 0),
    revision: Number(status.header?.revision ?? 0),
    learner: status.isLearner === true,
    errors: status.errors ?? [],
  };
}

interface RawAlarm {
  readonly memberID?: string;
  readonly alarm?: string;
}

/** Alarms that any member has raised, as this node's own knows them; null when it does not answer. */
export async function readEtcdAlarms(
  host: Host,
  options: CallOptions = {},
): Promise<readonly EtcdAlarm[] | null> {
  const answer = await ask(
    host,
    '/v3/maintenance/alarm',
    { action: 'GET' },
    'Asking etcd for alarms',
    options,
  );
  const value = parse(answer) as { readonly alarms?: readonly RawAlarm[]; readonly header?: object } | null;
  if (value?.header === undefined) return null;
  return (value.alarms ?? []).map(({ memberID = '', alarm = 'unknown' }) => ({
    member: memberIdHex(memberID),
    alarm,
  }));
}

/** Writes the database of the node's own member anew, without gaps. While that goes on it answers nobody. */
export async function defragmentMember(
  host: Host,
  { timeoutMs, ...options }: CallOptions & { readonly timeoutMs: number },
): Promise<void> {
  const what = 'Defragmenting etcd';
  const answer = await askEtcd(
    host,
    '/v3/maintenance/defragment',
    {},
    { what, answerMs: timeoutMs, ...options },
  );
  const value = parse(answer) as { readonly header?: object; readonly error?: string } | null;
  // It gives an empty object, or its header, when it is done.
  if (value === null || value.error !== undefined) throw commandFailure(host.target, what, 1, answer);
}

/** When what lies in the database of a server was last written, in milliseconds since the epoch; null: there is none. */
export async function readDatabaseTime(
  host: Host,
  dataDir: string,
  signal?: AbortSignal,
): Promise<number | null> {
  const { stdout } = await host.run(
    'for file in "$1"/server/db/etcd/member/wal/*.wal "$1"/server/db/etcd/member/snap/db; do [ ! -f "$file" ] || stat -c %Y "$file"; done | sort -n | tail -n 1',
    {
      args: [dataDir],
      what: 'Looking at the etcd database',
      ...(signal !== undefined && { signal }),
    },
  );
  const seconds = Number(stdout.trim());
  return seconds > 0 ? seconds * 1000 : null;
}

async function ask(
  host: Host,
  path: string,
  body: object,
  what: string,
  options: CallOptions,
): Promise<string> {
  return askEtcd(host, path, body, { what, ...options }).catch((error: unknown) => {
    if (error instanceof RemoteCommandError) return '';
    throw error;
  });
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
