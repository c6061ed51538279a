import { RemoteCommandError } from '../domain/errors.ts';
import type { EtcdMember } from '../domain/observed.ts';
import { DATA_DIR, etcdNamePath } from '../rke2/paths.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';
import { memberIdHex, parseMembers } from './parse-members.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
}

/**
 * $1: path of etcd's JSON gateway; $2: RKE2's data directory; $3: what is sent. Hosts have no etcdctl, and need not have
 * curl; the node's own kubectl can POST to any server. kubectl wants a kubeconfig or none at all: HOME and KUBECONFIG must
 * not bring in another. curl's `-f` would hide what etcd says of a refusal. $4: seconds to wait.
 */
const POST = `
TLS=$2/server/tls/etcd
if command -v curl >/dev/null 2>&1; then
  exec curl -q -sS --noproxy '*' --max-time "$4" --cacert "$TLS/server-ca.crt" --cert "$TLS/server-client.crt" \\
    --key "$TLS/server-client.key" -X POST -d "$3" "https://127.0.0.1:2379$1"
fi
printf '%s' "$3" | KUBECONFIG=/dev/null "$2/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout="$4s" \\
  --certificate-authority="$TLS/server-ca.crt" --client-certificate="$TLS/server-client.crt" \\
  --client-key="$TLS/server-client.key" create --raw "$1" -f -
`;

/**
 * What the etcd of a node answers at a path of its JSON gateway, or what it says of a refusal. Ten seconds unless
 * `answerMs` says otherwise. Rejects as `Host.run` does.
 */
export async function askEtcd(
  host: Host,
  path: string,
  body: object,
  {
    dataDir,
    what,
    answerMs = 10_000,
    ...call
  }: CallOptions & { readonly what: string; readonly answerMs?: number },
): Promise<string> {
  const { stdout } = await host.run(POST, {
    args: [path, dataDir ?? DATA_DIR, JSON.stringify(body), String(Math.ceil(answerMs / 1000))],
    timeoutMs: answerMs + 20_000,
    what,
    ...call,
  });
  return stdout;
}

/** The members of the cluster that this node's etcd belongs to, asked of etcd itself. */
export async function listMembers(host: Host, options: CallOptions = {}): Promise<readonly EtcdMember[]> {
  const what = 'Asking etcd for its members';
  const answer = await askEtcd(host, '/v3/cluster/member/list', {}, { what, ...options });
  const members = parseMembers(answer);
  if (members === null) throw commandFailure(host.target, what, 1, answer);
  return members;
}

/**
 * Takes a member (by the id of `listMembers`) out of the cluster; one that is not in it any more counts as taken out. etcd
 * itself refuses what would cost it its majority: RemoteCommandError with its words.
 */
export async function removeMember(host: Host, id: string, options: CallOptions = {}): Promise<void> {
  const what = `Removing member ${id} from etcd`;
  const body = { ID: BigInt(`0x${id}`).toString() };
  const answer = await askEtcd(host, '/v3/cluster/member/remove', body, { what, ...options }).catch(
    (error: unknown) => {
      if (error instanceof RemoteCommandError && NOT_FOUND.test(error.stderr)) return '{"header":{}}';
      throw error;
    },
  );
  if (parseMembers(answer) === null && !NOT_FOUND.test(answer)) {
    throw commandFailure(host.target, what, 1, answer);
  }
}

/** In etcd's words, and in those of a kubectl that got its 404. */
const NOT_FOUND = /member not found|could not find the requested resource/i;

/**
 * Ids of the tokens that open the bootstrap data in this node's etcd, as its keys say: one, or for a moment two while a
 * token is being rotated.
 */
export async function listBootstrapTokens(host: Host, options: CallOptions = {}): Promise<readonly string[]> {
  const what = 'Asking etcd which token opens the bootstrap data';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  // The end of a range of keys that begin with `/bootstrap/`: the next character after its last.
  const body = { key: base64('/bootstrap/'), range_end: base64('/bootstrap0'), keys_only: true };
  const answer = await askEtcd(host, '/v3/kv/range', body, { what, ...options });
  const { kvs, header } = parseRange(answer);
  if (header === undefined) throw commandFailure(host.target, what, 1, answer);
  return (kvs ?? []).flatMap(({ key = '' }) => {
    const id = Buffer.from(key, 'base64').toString().slice('/bootstrap/'.length);
    return /^[0-9a-f]{12}$/.test(id) ? [id] : [];
  });
}

interface RawRange {
  readonly header?: object;
  readonly kvs?: readonly { readonly key?: string }[];
}

function parseRange(text: string): RawRange {
  try {
    return (JSON.parse(text) ?? {}) as RawRange;
  } catch {
    return {};
  }
}

/** The id of this node's own member while it lives and follows a leader (or leads); null otherwise, and when it is silent. */
export async function livingMember(host: Host, options: CallOptions = {}): Promise<string | null> {
  const what = 'Asking etcd how it is';
  const answer = await askEtcd(host, '/v3/maintenance/status', {}, { what, ...options }).catch(
    (error: unknown) => {
      if (error instanceof RemoteCommandError) return '{}';
      throw error;
    },
  );
  const status = parseStatus(answer);
  const id = status.header?.member_id;
  return id === undefined || (status.leader ?? '0') === '0' ? null : memberIdHex(id);
}

function parseStatus(text: string): RawStatus {
  try {
    return (JSON.parse(text) ?? {}) as RawStatus;
  } catch {
    return {};
  }
}

/** $5: where etcd's own name stands, which comes first. */
const VOTER = `
cat "$5" || exit 1
echo
${POST}`;

/** Whether this node's own member has a vote; false while etcd does not answer yet. */
export async function isVoter(host: Host, options: CallOptions = {}): Promise<boolean> {
  const { dataDir, ...call } = options;
  const { exitCode, stdout } = await host.run(VOTER, {
    args: ['/v3/cluster/member/list', dataDir ?? DATA_DIR, '{}', '10', etcdNamePath(dataDir)],
    timeoutMs: 30_000,
    allowFailure: true,
    what: 'Asking etcd for its members',
    ...call,
  });
  if (exitCode !== 0) return false;
  const end = stdout.indexOf('\n');
  const name = stdout.slice(0, end).trim();
  const members = parseMembers(stdout.slice(end + 1)) ?? [];
  return members.some((member) => member.name === name && !member.isLearner);
}

interface RawStatus {
  readonly header?: { readonly member_id?: string };
  readonly leader?: string;
}
