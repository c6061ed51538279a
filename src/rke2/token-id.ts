import { sha256 } from '../lib/hash.ts';

/**
 * How a server token is called where it must not be told: the first twelve hex digits of its password's SHA-256. RKE2
 * names the bootstrap data in etcd so (`/bootstrap/<id>`), so every snapshot tells which token opens it.
 */
export function tokenId(password: string): string {
  return sha256(password).slice(0, 12);
}
