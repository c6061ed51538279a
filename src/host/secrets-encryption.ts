import {
  ENCRYPTION_PROVIDERS,
  type EncryptionKey,
  type EncryptionStage,
  type EncryptionStatus,
  type StoredSecrets,
} from '../domain/secrets-encryption.ts';
import { DATA_DIR } from '../rke2/paths.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
}

/**
 * $1: the data directory, as this command does not read config.yaml; then its words. RKE2 keeps the reason of a refusal to
 * its journal, under an id that the command does say.
 */
const RKE2 = `
binary=$(systemctl show -p ExecStart --value rke2-server.service | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
[ -x "$binary" ] || { echo 'rke2-server is not installed as a service on this host' >&2; exit 127; }
dir=$1
verb=$2
shift 2
answer=$("$binary" secrets-encrypt "$verb" --data-dir "$dir" "$@" 2>&1) && { printf '%s\\n' "$answer"; exit 0; }
code=$?
printf '%s\\n' "$answer" >&2
id=$(printf '%s' "$answer" | sed -n 's/.*error ID \\([0-9][0-9]*\\).*/\\1/p' | head -n 1)
[ -z "$id" ] || journalctl -u rke2-server --since '-5min' -o cat --no-pager 2>/dev/null | grep "error ID $id" | head -n 1 >&2
exit "$code"
`;

/** Writing every Secret anew takes a while where there are many; RKE2's own patience ends before. */
const TIMEOUT_MS = 120_000;

/** What a running control-plane server says of the encryption of Secrets. Rejects as `Host.run` does, with RKE2's words. */
export async function readEncryptionStatus(
  host: Host,
  { dataDir = DATA_DIR, ...call }: CallOptions = {},
): Promise<EncryptionStatus> {
  const what = 'Asking how Secrets are encrypted';
  const args = [dataDir, 'status', '-o', 'json'];
  const { stdout } = await host.run(RKE2, { args, timeoutMs: 60_000, what, ...call });
  const status = parseStatus(stdout);
  if (status === null) throw commandFailure(host.target, what, 0, stdout);
  return status;
}

/** What came of asking for a stage. */
export interface StageOutcome {
  readonly accepted: boolean;
  /** RKE2's own. */
  readonly words: string;
}

/**
 * Asks a server for a stage. What it refuses, or has no answer for in time, is no error here: only its status says what
 * became of it, as it goes on by itself.
 */
export async function requestEncryptionStage(
  host: Host,
  stage: EncryptionStage,
  { dataDir = DATA_DIR, ...call }: CallOptions = {},
): Promise<StageOutcome> {
  const { exitCode, stdout, stderr } = await host.run(RKE2, {
    args: [dataDir, stage],
    timeoutMs: TIMEOUT_MS,
    what: `Asking for ${stage} of the encryption keys`,
    allowFailure: true,
    ...call,
  });
  return { accepted: exitCode === 0, words: (exitCode === 0 ? stdout : stderr).trim() };
}

/** How many Secrets in this node's etcd are encrypted with a key. Of every value only its first bytes leave the host. */
export async function countStoredSecrets(
  host: Host,
  key: EncryptionKey,
  { dataDir = DATA_DIR, ...call }: CallOptions = {},
): Promise<StoredSecrets> {
  const what = 'Looking at the Secrets in etcd';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  // The end of a range of keys that begin with `/registry/secrets/`: the next character after its last.
  const body = { key: base64('/registry/secrets/'), range_end: base64('/registry/secrets0') };
  const args = [dataDir, JSON.stringify(body)];
  const { stdout } = await host.run(COUNT, { args, timeoutMs: TIMEOUT_MS, what, ...call });
  const lines = stdout.split('\n').filter(Boolean);
  if (lines.includes('failed')) throw commandFailure(host.target, what, 1, 'etcd gave no answer to that');
  const prefix = `k8s:enc:${key.provider}:v1:${key.name}:`;
  const own = lines.filter((line) => Buffer.from(line, 'base64').toString('latin1').startsWith(prefix));
  return { withKey: own.length, otherwise: lines.length - own.length };
}

/**
 * $1: the data directory; $2: what is sent. The gateway answers with one line; no base64 has a comma or a brace in it.
 * The first 75 bytes of a value hold its prefix; of one in the clear, kind and name.
 */
const COUNT = `
TLS=$1/server/tls/etcd
ask() {
  if command -v curl >/dev/null 2>&1; then
    curl -q -sS --noproxy '*' --max-time 60 --cacert "$TLS/server-ca.crt" --cert "$TLS/server-client.crt" \\
      --key "$TLS/server-client.key" -X POST -d "$2" https://127.0.0.1:2379/v3/kv/range
  else
    printf '%s' "$2" | KUBECONFIG=/dev/null "$1/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout=60s \\
      --certificate-authority="$TLS/server-ca.crt" --client-certificate="$TLS/server-client.crt" \\
      --client-key="$TLS/server-client.key" create --raw /v3/kv/range -f -
  fi
}
{ ask "$1" "$2" || echo failed; } | tr ',{}' '\\n\\n\\n' |
  sed -n -e 's/^"value":"\\([^"]\\{0,100\\}\\).*/\\1/p' -e 's/^failed$/failed/p' -e 's/^"error".*/failed/p'
`;

interface RawStatus {
  readonly stage?: string;
  readonly activekey?: string;
  readonly enable?: boolean;
  readonly hashmatch?: boolean;
  readonly hasherror?: string;
  readonly inactivekeys?: readonly string[] | null;
}

function parseStatus(text: string): EncryptionStatus | null {
  try {
    const raw = JSON.parse(text) as RawStatus;
    return {
      enabled: raw.enable === true,
      stage: raw.stage ?? '',
      active: raw.activekey === undefined || raw.activekey === '' ? null : keyOf(raw.activekey),
      inactive: (raw.inactivekeys ?? []).map(keyOf),
      difference: raw.hashmatch === true ? null : (raw.hasherror ?? 'the servers differ'),
    };
  } catch {
    return null;
  }
}

/** `AES-CBC aescbckey`. */
function keyOf(words: string): EncryptionKey {
  const [first = '', name = first] = words.split(' ');
  const type = { 'AES-CBC': 'aescbc', 'XSalsa20-POLY1305': 'secretbox' }[first];
  return { provider: ENCRYPTION_PROVIDERS.find((provider) => provider === type) ?? null, name };
}
