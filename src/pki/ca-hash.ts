import { X509Certificate } from 'node:crypto';
import { sha256 } from '../lib/hash.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The hash that a full token (`K10<hash>::…`) pins: of the file's very bytes for RKE2's own single CA, of the root's DER
 * when the file is a chain. `pem` is server-ca.crt. Throws when there is no certificate in it.
 */
export function caHash(pem: string): string {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const root = certificates.at(-1);
  if (root === undefined) throw new Error('there is no certificate in the CA file');
  return certificates.length === 1 ? sha256(pem) : sha256(new X509Certificate(root).raw);
}
