import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:EC |RSA )?PRIVATE KEY-----[\s\S]+?-----END (?:EC |RSA )?PRIVATE KEY-----/g;

/** The certificates of a PEM text in its order; comments between them do not matter. Throws when one cannot be read. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
}

/** The private keys of a PEM text in its order. Throws when one cannot be read. */
export function readPrivateKeys(pem: string): readonly KeyObject[] {
  return (pem.match(PRIVATE_KEY) ?? []).map((block) => createPrivateKey(block));
}

/** Certificates as PEM, one behind the other. */
export function writeCertificates(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString().trimEnd().concat('\n')).join('');
}

/** A private key as RKE2 writes its own: SEC 1 for EC, PKCS #1 for RSA. */
export function writePrivateKey(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return String(key.export({ type, format: 'pem' }));
}
