import { RemoteCommandError } from '../domain/errors.ts';
import type { EtcdMember } from '../domain/observed.ts';
import { DATA_DIR, etcdNamePath } from '../rke2/paths.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
}

/**
 * $1: path of etcd's JSON gateway; $2: RKE2's data directory. Hosts have no etcdctl, and need not have curl; the node's own kubectl can POST to any
 * server. kubectl wants a kubeconfig or none at all: HOME and KUBECONFIG must not bring in another.
 */
const POST = `
TLS=$2/server/tls/etcd
if command -v curl >/dev/null 2>&1; then
  exec curl -fsS --max-time 10 --cacert "$TLS/server-ca.crt" --cert "$TLS/server-client.crt" \\
    --key "$TLS/server-client.key" -X POST -d '{}' "https://127.0.0.1:2379$1"
fi
echo '{}' | KUBECONFIG=/dev/null "$2/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout=10s \\
  --certificate-authority="$TLS/server-ca.crt" --client-certificate="$TLS/server-client.crt" \\
  --client-key="$TLS/server-client.key" create --raw "$1" -f -
`;

/** The members of the cluster that this node's etcd belongs to, asked of etcd itself. */
export async function listMembers(host: Host, options: CallOptions = {}): Promise<readonly EtcdMember[]> {
  const { dataDir, ...call } = options;
  const { stdout } = await host.run(POST, {
    args: ['/v3/cluster/member/list', dataDir ?? DATA_DIR],
    timeoutMs: 30_000,
    what: 'Asking etcd for its members',
    ...call,
  });
  const answer = JSON.parse(stdout) as { readonly members?: readonly RawMember[] };
  return (answer.members ?? []).map((member) => ({
    id: member.ID ?? '',
    name: member.name ?? '',
    peerUrls: member.peerURLs ?? [],
    isLearner: member.isLearner === true,
  }));
}

/** Whether this node's own member has a vote; false while etcd does not answer yet. */
export async function isVoter(host: Host, options: CallOptions = {}): Promise<boolean> {
  const { dataDir, ...call } = options;
  const name = await host.run('cat "$1"', {
    args: [etcdNamePath(dataDir)],
    allowFailure: true,
    what: 'Reading the name of the etcd member',
    ...call,
  });
  if (name.exitCode !== 0) return false;
  const members = await listMembers(host, options).catch((error: unknown) => {
    if (error instanceof RemoteCommandError) return [];
    throw error;
  });
  return members.some((member) => member.name === name.stdout.trim() && !member.isLearner);
}

/** etcd's gateway leaves out what is empty or false. */
interface RawMember {
  readonly ID?: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly isLearner?: boolean;
}
