import type { Secret } from './secret.ts';

/** The certificate authorities of a cluster, by the names that their files have below `server/tls`. */
export const CA_NAMES = [
  'server-ca',
  'client-ca',
  'request-header-ca',
  'etcd/server-ca',
  'etcd/peer-ca',
] as const;

export type CaName = (typeof CA_NAMES)[number];

/** One of them: the text of its `.crt`, the CA itself first and then who vouches for it, and of its `.key`. */
export interface ClusterCa {
  readonly certificates: string;
  readonly key: Secret;
}

/**
 * All of a cluster's CAs, and the keys that sign the tokens of service accounts (`service.key`): the first one signs,
 * the others still count. null: RKE2 makes that key itself, or keeps the one that it has.
 */
export interface ClusterCas {
  readonly cas: Readonly<Record<CaName, ClusterCa>>;
  readonly serviceKey: Secret | null;
}
