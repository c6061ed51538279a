import { X509Certificate } from 'node:crypto';
import type { BootstrapData } from '../bootstrap-data.ts';
import { splitCertificates } from '../certificate.ts';
import { CommandError } from '../log.ts';

const AUTHORITIES = ['ServerCA', 'ClientCA', 'RequestHeaderCA', 'ETCDServerCA', 'ETCDPeerCA'];

/**
 * Every new authority must be vouched for by the old one: its first certificate must lead, through the others of its own
 * file and of the old one, to a root of the old file. One that is as it was, or not sent at all, is left alone.
 */
export function checkContinuity(current: BootstrapData, wanted: BootstrapData): void {
  for (const name of AUTHORITIES) {
    if (wanted[name] === undefined || wanted[name]?.Content === current[name]?.Content) continue;
    const [first, ...others] = certificatesOf(wanted, name);
    const old = certificatesOf(current, name);
    if (first === undefined) throw refusal(name, 'data does not contain any valid RSA or ECDSA certificates');
    if (others.length === 0)
      throw refusal(
        name,
        'new CA bundle contains only a single certificate but should include root or intermediate CA certificates',
      );
    const roots = old.filter((certificate) => isSignedBy(certificate, certificate));
    if (!leads([first], roots, [...others, ...old]))
      throw refusal(
        name,
        'new CA cert cannot be verified using old CA chain: x509: certificate signed by unknown authority',
      );
  }
}

function leads(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  others: readonly X509Certificate[],
): boolean {
  const last = chain.at(-1);
  if (last === undefined) return false;
  if (roots.some((root) => isSignedBy(last, root) && !isKnown(root, chain))) return true;
  const parents = others.filter((other) => isSignedBy(last, other) && !isKnown(other, chain));
  return parents.some((parent) => leads([...chain, parent], roots, others));
}

/** Of one authority a chain has one certificate, whoever signed it. */
function isKnown(certificate: X509Certificate, chain: readonly X509Certificate[]): boolean {
  return chain.some(
    (each) => each.subject === certificate.subject && each.publicKey.equals(certificate.publicKey),
  );
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function certificatesOf(data: BootstrapData, name: string): readonly X509Certificate[] {
  const text = Buffer.from(data[name]?.Content ?? '', 'base64').toString();
  return splitCertificates(text).map((pem) => new X509Certificate(pem));
}

function refusal(name: string, why: string): CommandError {
  return new CommandError(`failed to validate new CA certificates and keys: ${name}: ${why}`);
}
