import type { CaName, ClusterCas } from '../domain/cluster-cas.ts';
import { Secret } from '../domain/secret.ts';

/** What RKE2 calls a CA in the data that it keeps in etcd for all servers; its key is the same with `Key` behind it. */
const NAMES: Readonly<Record<CaName, string>> = {
  'server-ca': 'ServerCA',
  'client-ca': 'ClientCA',
  'request-header-ca': 'RequestHeaderCA',
  'etcd/server-ca': 'ETCDServerCA',
  'etcd/peer-ca': 'ETCDPeerCA',
};

/** CAs as a server's supervisor takes them in the place of those that the cluster has, as JSON on one line. */
export function caBootstrapData({ cas, serviceKey }: ClusterCas, now: Date): Secret {
  const timestamp = now.toISOString();
  const entry = (text: string) => ({ Timestamp: timestamp, Content: Buffer.from(text).toString('base64') });
  const entries = (Object.keys(NAMES) as CaName[]).flatMap((name) => [
    [NAMES[name], entry(cas[name].certificates)] as const,
    [`${NAMES[name]}Key`, entry(cas[name].key.reveal())] as const,
  ]);
  const service = serviceKey === null ? [] : [['ServiceKey', entry(serviceKey.reveal())] as const];
  return new Secret(JSON.stringify(Object.fromEntries([...entries, ...service])));
}
