import { sha256 } from '../lib/hash.ts';
import { findChain, isRoot, toLink } from './find-chain.ts';
import { readCertificates } from './pem.ts';

/**
 * The hash that a full token (`K10<hash>::…`) pins. `pem` is server-ca.crt: of a single certificate the file's very bytes
 * count; of several, the DER of the root that the first one leads to, so that the token outlives a change of the CA
 * below that root. Where no way leads to a root that is valid at `now`, RKE2 takes the file's bytes, too. Throws when
 * there is no certificate in it.
 */
export function caHash(pem: string, now: Date = new Date()): string {
  const [leaf, ...others] = readCertificates(pem).map(toLink);
  if (leaf === undefined) throw new Error('there is no certificate in the CA file');
  if (others.length === 0) return sha256(pem);
  const roots = others.filter(isRoot);
  const intermediates = others.filter((link) => !isRoot(link));
  const root = findChain(leaf, { roots, intermediates, now })?.at(-1);
  return sha256(root === undefined ? pem : root.certificate.raw);
}
