import type { EtcdHealth, HostHealth, SnapshotRecord } from '../domain/cluster-status.ts';
import { DATA_DIR, KUBECONFIG_PATH, snapshotsDir } from '../rke2/paths.ts';
import type { Host } from './host.ts';
import { memberIdHex, parseMembers } from './parse-members.ts';
import { parseNodes } from './probe/parse-nodes.ts';
import { LIST_CERTIFICATES, parseCertificateFiles } from './read-certificates.ts';

/** What is worth asking of this host. */
export interface HealthQuestions {
  /** It runs an API server. */
  readonly api: boolean;
  /** It runs an etcd member. */
  readonly etcd: boolean;
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
}

/** Whoever waits longer than that is told as not answering. */
const TIMEOUT_MS = 6_000;
const PART = '@@part ';

/** $1: data directory. An API server without its etcd accepts connections and then says nothing: hence the short times. */
const API = `
[ -x "$1/bin/kubectl" ] && [ -s ${KUBECONFIG_PATH} ] || exit 0
get() { timeout 4 "$1/bin/kubectl" --kubeconfig ${KUBECONFIG_PATH} --cache-dir /dev/null/none --request-timeout 3s get "$2" -o json 2>/dev/null; }
# An API server without its etcd makes kubectl print an empty list before it fails: only a success counts.
nodes=$(get "$1" nodes) || exit 0
echo '${PART}nodes'; printf '%s\\n' "$nodes"
echo '${PART}snapshots'; get "$1" etcdsnapshotfiles.k3s.cattle.io
exit 0`;

/** $1: data directory. Three reads of etcd's JSON gateway; the one that needs a quorum comes last, as it may hang. */
const ETCD = `
T=$1/server/tls/etcd
post() {
  if command -v curl >/dev/null 2>&1; then
    curl -q -fsS --noproxy '*' --max-time 2 --cacert "$T/server-ca.crt" --cert "$T/server-client.crt" \\
      --key "$T/server-client.key" -X POST -d "$3" "https://127.0.0.1:2379$2" 2>/dev/null
  else
    echo "$3" | KUBECONFIG=/dev/null "$1/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout=2s \\
      --certificate-authority="$T/server-ca.crt" --client-certificate="$T/server-client.crt" \\
      --client-key="$T/server-client.key" create --raw "$2" -f - 2>/dev/null
  fi
}
echo '${PART}status'; post "$1" /v3/maintenance/status '{}' || exit 0
echo; echo '${PART}members'; post "$1" /v3/cluster/member/list '{}'
echo; echo '${PART}read'; post "$1" /v3/kv/range '{"key":"aGVhbHRo","count_only":true}'
exit 0`;

/** $1: data directory; $2: the snapshots' directory. */
const FILES = `
echo '${PART}certificates'${LIST_CERTIFICATES}
echo '${PART}snapshots'
for f in "$2"/*; do if [ -f "$f" ]; then stat -c '%Y %s %n' "$f"; fi; done
exit 0`;

/**
 * Asks API server, etcd and files of a host, all at once and only reading. What does not answer in six seconds is null
 * or empty in the answer; nothing is thrown for it.
 */
export async function readHealth(host: Host, questions: HealthQuestions): Promise<HostHealth> {
  const { api, etcd, dataDir = DATA_DIR, signal } = questions;
  const ask = async (script: string, what: string): Promise<Readonly<Record<string, string>>> => {
    const options = {
      args: [dataDir, snapshotsDir(dataDir)],
      timeoutMs: TIMEOUT_MS,
      allowFailure: true,
      what,
    };
    const run = host.run(script, { ...options, ...(signal !== undefined && { signal }) });
    // Silence is an answer here: the host is told as one that does not speak.
    return run.then(
      ({ stdout }) => splitParts(stdout),
      () => ({}),
    );
  };
  const [fromApi, fromEtcd, files] = await Promise.all([
    api ? ask(API, 'Asking the API server') : {},
    etcd ? ask(ETCD, 'Asking etcd') : {},
    ask(FILES, 'Reading certificates'),
  ]);
  return {
    nodes: parseNodes(part(fromApi, 'nodes')),
    etcd: parseEtcd(fromEtcd),
    certificate: firstToEnd(part(files, 'certificates')),
    snapshots: [...localSnapshots(part(files, 'snapshots')), ...s3Snapshots(part(fromApi, 'snapshots'))],
  };
}

function splitParts(text: string): Readonly<Record<string, string>> {
  const parts = text.split(new RegExp(`^${PART}`, 'm')).slice(1);
  return Object.fromEntries(
    parts.map((each) => {
      const end = each.indexOf('\n');
      return end < 0 ? [each, ''] : [each.slice(0, end), each.slice(end + 1)];
    }),
  );
}

function part(parts: Readonly<Record<string, string>>, name: string): string {
  return parts[name] ?? '';
}

/** From the three answers; null without the first. */
function parseEtcd(parts: Readonly<Record<string, string>>): EtcdHealth | null {
  const status = parseJson<RawStatus>(part(parts, 'status'));
  const id = status?.header?.member_id;
  if (status === null || id === undefined) return null;
  const read = parseJson<{ readonly header?: unknown }>(part(parts, 'read'));
  return {
    memberId: memberIdHex(id),
    leaderId: status.leader === undefined || status.leader === '0' ? null : memberIdHex(status.leader),
    version: status.version ?? '',
    dbSizeBytes: Number(status.dbSize ?? 0),
    quorate: read?.header !== undefined,
    members: parseMembers(part(parts, 'members')) ?? [],
  };
}

function firstToEnd(text: string): HostHealth['certificate'] {
  const ends = parseCertificateFiles(text).flatMap(({ path, certificates }) =>
    certificates.map(({ notAfter }) => ({ file: path, expiresAt: notAfter })),
  );
  return ends.reduce<HostHealth['certificate']>(
    (first, each) => (first === null || each.expiresAt < first.expiresAt ? each : first),
    null,
  );
}

function localSnapshots(text: string): SnapshotRecord[] {
  return text.split('\n').flatMap((line): SnapshotRecord[] => {
    const [, time, size, path] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
    if (path === undefined) return [];
    const name = path.slice(path.lastIndexOf('/') + 1);
    return [{ name, location: 'local', createdAt: Number(time) * 1000, sizeBytes: Number(size) }];
  });
}

/** RKE2 keeps a record of each snapshot in the API; of those in S3 only these tell. */
function s3Snapshots(text: string): SnapshotRecord[] {
  const list = parseJson<{ readonly items?: readonly RawSnapshot[] }>(text);
  return (list?.items ?? []).flatMap(({ spec, status }): SnapshotRecord[] => {
    const createdAt = Date.parse(status?.creationTime ?? '');
    if (spec?.s3 === undefined || spec.snapshotName === undefined || Number.isNaN(createdAt)) return [];
    if (status?.readyToUse === false) return [];
    return [
      { name: spec.snapshotName, location: 's3', createdAt, sizeBytes: parseInt(`${status?.size ?? 0}`, 10) },
    ];
  });
}

function parseJson<T extends object>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}

/** etcd's gateway leaves out what is empty, and writes 64-bit numbers as strings. */
interface RawStatus {
  readonly header?: { readonly member_id?: string };
  readonly leader?: string;
  readonly version?: string;
  readonly dbSize?: string;
}

interface RawSnapshot {
  readonly spec?: { readonly snapshotName?: string; readonly s3?: object };
  readonly status?: {
    readonly creationTime?: string;
    readonly size?: string | number;
    readonly readyToUse?: boolean;
  };
}
