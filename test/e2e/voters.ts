import type { Lab } from '../lab/lab.ts';

const TLS = '/var/lib/rancher/rke2/server/tls/etcd';

/** How many voters etcd on `host` knows of, asked with the real etcdctl. */
export async function countVoters(lab: Lab, host: string): Promise<number> {
  const { stdout } = await lab.exec(host, [
    ...['env', 'ETCDCTL_API=3', '/usr/lib/rke2-standin/bin/etcdctl', '--endpoints=https://127.0.0.1:2379'],
    ...[`--cacert=${TLS}/server-ca.crt`, `--cert=${TLS}/server-client.crt`, `--key=${TLS}/server-client.key`],
    ...['member', 'list', '-w', 'json'],
  ]);
  const { members } = JSON.parse(stdout) as { readonly members: readonly { readonly isLearner?: boolean }[] };
  return members.filter((member) => member.isLearner !== true).length;
}
