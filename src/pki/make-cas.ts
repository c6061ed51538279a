import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { CA_NAMES, type CaName, type ClusterCa, type ClusterCas } from '../domain/cluster-cas.ts';
import { Secret } from '../domain/secret.ts';
import { writeCertificates, writePrivateKey } from './pem.ts';
import { type Signer, signCa } from './sign-certificate.ts';

const DAY = 24 * 60 * 60 * 1000;
const ROOT_DAYS = 20 * 365;
const CA_DAYS = 10 * 365;
/** Hosts whose clocks are behind must not take a new CA for one of the future. */
const BACKDATED = 60 * 60 * 1000;
const SERVICE_KEY_BITS = 2048;

/** Who is to sign the cluster's CAs: the signer, and the certificates above it up to and with the root. */
export interface ParentCa extends Signer {
  readonly above: readonly X509Certificate[];
}

/** All of a cluster's CAs below one CA of your own, each with a new key, and a new key for service accounts. */
export function makeCasBelow(parent: ParentCa, now: Date): ClusterCas {
  return {
    cas: forEachCa((name) => makeCaBelow(name, parent, now)),
    serviceKey: new Secret(writePrivateKey(newServiceKey())),
  };
}

/** One CA below `parent`, with a new key; its certificates go up to the root. */
export function makeCaBelow(name: CaName, parent: ParentCa, now: Date): ClusterCa {
  const key = newKey();
  const certificate = issueCa(caCommonName(name, now), key, parent, now);
  return {
    certificates: writeCertificates([certificate, parent.certificate, ...parent.above]),
    key: new Secret(writePrivateKey(key)),
  };
}

/** A new root that signs itself. */
export function makeRoot(commonName: string, now: Date): Signer {
  const key = newKey();
  const certificate = signCa({
    subject: commonName,
    publicKey: key,
    issuer: key,
    notBefore: new Date(now.getTime() - BACKDATED),
    notAfter: new Date(now.getTime() + ROOT_DAYS * DAY),
  });
  return { certificate, key };
}

/** A CA's certificate for a key that is there already; it ends with its issuer at the latest. */
export function issueCa(
  subject: string | X509Certificate,
  publicKey: KeyObject,
  issuer: Signer,
  now: Date,
): X509Certificate {
  const days = typeof subject === 'string' ? CA_DAYS : ROOT_DAYS;
  const end = Math.min(now.getTime() + days * DAY, Date.parse(issuer.certificate.validTo));
  return signCa({
    subject,
    publicKey,
    issuer,
    notBefore: new Date(now.getTime() - BACKDATED),
    notAfter: new Date(end),
  });
}

/** `rke2-server-ca@1763735073`, as RKE2 calls its own: no two CAs of one cluster have the same name. */
export function caCommonName(name: CaName, now: Date): string {
  return `rke2-${name.replace('/', '-')}@${Math.floor(now.getTime() / 1000)}`;
}

export function forEachCa<T>(make: (name: CaName) => T): Readonly<Record<CaName, T>> {
  return Object.fromEntries(CA_NAMES.map((name) => [name, make(name)])) as Record<CaName, T>;
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function newServiceKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: SERVICE_KEY_BITS }).privateKey;
}
