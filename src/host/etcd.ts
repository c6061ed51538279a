import { RemoteCommandError } from '../domain/errors.ts';
import { binDir, DATA_DIR, etcdNamePath } from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** One member as etcd itself lists it. */
export interface EtcdMember {
  readonly id: string;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

const TLS = `${DATA_DIR}/server/tls/etcd`;

/**
 * $1: path of etcd's JSON gateway. Hosts have no etcdctl, and need not have curl; the node's own kubectl can POST to any
 * server. kubectl wants a kubeconfig or none at all: HOME and KUBECONFIG must not bring in another.
 */
const POST = `
if command -v curl >/dev/null 2>&1; then
  exec curl -fsS --max-time 10 --cacert ${TLS}/server-ca.crt --cert ${TLS}/server-client.crt \\
    --key ${TLS}/server-client.key -X POST -d '{}' "https://127.0.0.1:2379$1"
fi
echo '{}' | KUBECONFIG=/dev/null ${binDir()}/kubectl --server=https://127.0.0.1:2379 --request-timeout=10s \\
  --certificate-authority=${TLS}/server-ca.crt --client-certificate=${TLS}/server-client.crt \\
  --client-key=${TLS}/server-client.key create --raw "$1" -f -
`;

/** The members of the cluster that this node's etcd belongs to, asked of etcd itself. */
export async function listMembers(host: Host, options: CallOptions = {}): Promise<readonly EtcdMember[]> {
  const { stdout } = await host.run(POST, {
    args: ['/v3/cluster/member/list'],
    timeoutMs: 30_000,
    what: 'Asking etcd for its members',
    ...options,
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
  const name = await host.run('cat "$1"', {
    args: [etcdNamePath()],
    allowFailure: true,
    what: 'Reading the name of the etcd member',
    ...options,
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
