import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Authority, signCertificate } from '../standin/rke2/certificate.ts';

export type KeyKind = 'ec' | 'rsa';

/** A self-signed authority for tests; `days` may be negative. */
export function makeAuthority(commonName: string, kind: KeyKind = 'ec', days = 3650): Authority {
  const { privateKey, publicKey } = makeKeys(kind);
  return {
    certificate: signCertificate({ commonName, publicKey, selfKey: privateKey, days }),
    key: asPem(privateKey),
  };
}

/** A leaf with its key and, behind it, the authority's certificate, as RKE2 writes its files. */
export function makeLeaf(
  issuer: Authority,
  commonName: string,
  options: { readonly kind?: KeyKind; readonly days?: number; readonly usage?: 'server' | 'client' } = {},
): { readonly pem: string; readonly key: string } {
  const { kind = 'ec', days = 365, usage = 'server' } = options;
  const { privateKey } = makeKeys(kind);
  const certificate = signCertificate({
    commonName,
    organizations: ['system:masters'],
    names: ['127.0.0.1', 'localhost'],
    usages: [usage],
    publicKey: createPublicKey(privateKey),
    issuer,
    days,
  });
  return { pem: certificate + issuer.certificate, key: asPem(privateKey) };
}

function makeKeys(kind: KeyKind): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function asPem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}
