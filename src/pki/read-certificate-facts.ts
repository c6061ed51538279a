import { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../domain/certificates.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const BEGIN = /-----BEGIN CERTIFICATE-----/g;

/** Extended key usages by the names that RKE2 gives them. */
const USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'ServerAuth',
  '1.3.6.1.5.5.7.3.2': 'ClientAuth',
};

/** The certificates of a PEM text in its order, RSA and EC alike; `unreadable` counts blocks that are none, or are cut off. */
export function readCertificateFacts(pem: string): {
  readonly certificates: readonly CertificateFacts[];
  readonly unreadable: number;
} {
  const begun = pem.match(BEGIN)?.length ?? 0;
  const certificates = (pem.match(CERTIFICATE) ?? []).flatMap((block) => {
    try {
      return [factsOfCertificate(new X509Certificate(block))];
    } catch {
      return [];
    }
  });
  return { certificates, unreadable: begun - certificates.length };
}

/** What a certificate says, as plain data. */
export function factsOfCertificate(certificate: X509Certificate): CertificateFacts {
  const usages = (certificate.keyUsage ?? []).map((id) => USAGES[id] ?? id);
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    usages: certificate.ca ? ['CertSign', ...usages] : usages,
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    isAuthority: certificate.ca,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
}

/** Node writes one attribute a line, and the common name, by which people know a certificate, as the last. */
function oneLine(name: string | undefined): string {
  const parts = (name ?? '').split('\n').filter(Boolean);
  const isCommon = (part: string) => part.startsWith('CN=');
  return [...parts.filter(isCommon), ...parts.filter((part) => !isCommon(part))].join(', ');
}
