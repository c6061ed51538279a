import type { X509Certificate } from 'node:crypto';
import { type CertificateExtensions, readExtensions } from './certificate-extensions.ts';

/** A certificate with what a chain depends on. */
export interface ChainLink extends CertificateExtensions {
  readonly certificate: X509Certificate;
}

export function toLink(certificate: X509Certificate): ChainLink {
  return { certificate, ...readExtensions(certificate) };
}

/** Whom RKE2 takes for a root: a certificate that names no other key as its issuer's. */
export function isRoot({ authorityKeyId, subjectKeyId }: ChainLink): boolean {
  return authorityKeyId === null || authorityKeyId === subjectKeyId;
}

/** Signed with its own key, under its own name. */
export function isSelfSigned({ certificate }: ChainLink): boolean {
  return isSignedBy(certificate, certificate);
}

export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

export function isValidAt({ certificate }: ChainLink, now: Date): boolean {
  return (
    Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() <= Date.parse(certificate.validTo)
  );
}

export interface ChainInput {
  readonly roots: readonly ChainLink[];
  readonly intermediates: readonly ChainLink[];
  readonly now: Date;
}

/**
 * The way from `leaf` to one of the roots, both included, as Go's TLS finds it: roots are tried before intermediates,
 * every CA on the way may sign, is valid and allows as many others below it. null where there is none.
 */
export function findChain(leaf: ChainLink, input: ChainInput): readonly ChainLink[] | null {
  return isValidAt(leaf, input.now) ? extend([leaf], input) : null;
}

function extend(chain: readonly ChainLink[], input: ChainInput): readonly ChainLink[] | null {
  const last = chain.at(-1);
  if (last === undefined) return null;
  for (const root of input.roots) if (canSign(root, chain, input.now)) return [...chain, root];
  for (const parent of input.intermediates) {
    const longer = canSign(parent, chain, input.now) ? extend([...chain, parent], input) : null;
    if (longer !== null) return longer;
  }
  return null;
}

function canSign(parent: ChainLink, chain: readonly ChainLink[], now: Date): boolean {
  const child = chain.at(-1);
  if (child === undefined || !parent.isCa || !parent.maySign || !isValidAt(parent, now)) return false;
  if (child.isWeaklySigned || !allowsBelow(parent, chain) || chain.some((link) => isSameEntity(link, parent)))
    return false;
  return isSignedBy(child.certificate, parent.certificate);
}

/** The path length counts the CAs between `parent` and the last certificate; the first of the chain is one itself. */
export function allowsBelow({ pathLength }: ChainLink, below: readonly ChainLink[]): boolean {
  const cas = below.filter(({ isCa }) => isCa);
  return pathLength === null || cas.length <= pathLength;
}

/** The same name with the same key: two certificates of one CA, of which a chain has room for one. */
export function isSameEntity(a: ChainLink, b: ChainLink): boolean {
  return (
    a.certificate.subject === b.certificate.subject && a.certificate.publicKey.equals(b.certificate.publicKey)
  );
}
