import type { X509Certificate } from 'node:crypto';
import { type CaProblem, caError } from './ca-problem.ts';
import {
  allowsBelow,
  type ChainLink,
  findChain,
  isSameEntity,
  isSelfSigned,
  isSignedBy,
  isValidAt,
} from './find-chain.ts';

/** The way from a CA to its root, both included, or why there is none. */
export type CheckedChain =
  | { readonly chain: readonly ChainLink[]; readonly problem: null }
  | { readonly chain: null; readonly problem: CaProblem };

/** `file` names the CA's file in messages; `others` is what else is there to lead it to a root. */
export function checkCaChain(
  file: string,
  ca: ChainLink,
  others: readonly ChainLink[],
  now: Date,
): CheckedChain {
  const own = checkLink(file, ca, now);
  if (own !== null) return { chain: null, problem: own };
  if (isSelfSigned(ca)) return { chain: [ca], problem: null };
  const roots = others.filter(isSelfSigned);
  const intermediates = others.filter((link) => !isSelfSigned(link));
  const chain = findChain(ca, { roots, intermediates, now });
  return chain === null
    ? { chain: null, problem: explainBreak(file, ca, others, now) }
    : { chain, problem: null };
}

/** Goes up as far as it can and says what stands in the way. */
function explainBreak(file: string, ca: ChainLink, others: readonly ChainLink[], now: Date): CaProblem {
  const chain: ChainLink[] = [ca];
  for (let child = ca; ; ) {
    const parent = others.find(
      (link) =>
        isSignedBy(child.certificate, link.certificate) && !chain.some((each) => isSameEntity(each, link)),
    );
    if (parent === undefined) return explainMissing(file, child, others);
    const problem = checkLink(file, parent, now) ?? checkTie(file, parent, chain);
    if (problem !== null) return problem;
    chain.push(parent);
    child = parent;
  }
}

function explainMissing(file: string, child: ChainLink, others: readonly ChainLink[]): CaProblem {
  const { issuer } = child.certificate;
  const isThere = others.some(({ certificate }) => certificate.subject === issuer);
  if (isThere) {
    return caError(
      'ca-chain-broken',
      `${file}: ${nameOf(child)} was issued by ${oneLine(issuer)}, and the certificate of that name that is there has another key: it did not sign this one.`,
      'Put the certificate of the very CA that signed into root-ca.pem or intermediate-ca.pem; after a renewal of that CA with a new key, have this one signed again.',
    );
  }
  return caError(
    'ca-chain-broken',
    `${file}: the way from ${nameOf(child)} to a root breaks off: the certificate of its issuer, ${oneLine(issuer)}, is not there.`,
    'Add it to the file below its own certificates, or beside it as intermediate-ca.pem or root-ca.pem.',
  );
}

/** What is wrong with one certificate of the way. */
function checkLink(file: string, link: ChainLink, now: Date): CaProblem | null {
  const { certificate, isCa, maySign } = link;
  const name = nameOf(link);
  if (!isCa || !maySign) {
    const why = isCa
      ? 'its keyUsage does not allow to sign certificates (keyCertSign)'
      : 'its basicConstraints do not say CA:TRUE';
    return caError(
      'ca-not-a-ca',
      `${file}: ${name} is not the certificate of a CA: ${why}.`,
      'Have it issued as a subordinate CA: `basicConstraints=critical,CA:TRUE` and `keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign`.',
    );
  }
  if (isValidAt(link, now)) return null;
  const isOver = Date.parse(certificate.validTo) < now.getTime();
  return caError(
    isOver ? 'ca-expired' : 'ca-not-yet-valid',
    `${file}: ${name} ${isOver ? `ended on ${moment(certificate.validTo)}` : `is valid from ${moment(certificate.validFrom)} on only`}.`,
    isOver
      ? 'Have it issued anew; nothing that it signs would be accepted. A cluster that is up already does not need `certificates.ca`: left out of the file, it can be worked with.'
      : 'Have it issued with an earlier beginning, and look at this machine’s clock.',
  );
}

/** What keeps a certificate from standing above the others. */
function checkTie(file: string, parent: ChainLink, below: readonly ChainLink[]): CaProblem | null {
  const child = below.at(-1);
  if (child?.isWeaklySigned === true) {
    return caError(
      'ca-signature-weak',
      `${file}: ${nameOf(child)} is signed with MD5 or SHA-1, which RKE2 does not accept.`,
      'Have it signed again with SHA-256.',
    );
  }
  if (allowsBelow(parent, below)) return null;
  const count = below.length === 1 ? 'one stands' : `${below.length} stand`;
  return caError(
    'ca-path-length',
    `${file}: ${nameOf(parent)} allows ${parent.pathLength === 0 ? 'no CA' : `no more than ${parent.pathLength}`} below it (pathlen:${parent.pathLength}), and ${count} there.`,
    'Use an intermediate CA without that limit: RKE2’s own CAs stand below it, and their certificates below those.',
  );
}

/** A certificate's subject, in quotes. */
export function nameOf({ certificate }: ChainLink): string {
  return oneLine(certificate.subject);
}

/** Node writes one part of a name a line; one without any is empty. */
function oneLine(name: X509Certificate['subject'] | undefined): string {
  return `"${(name ?? '').split('\n').join(', ') || '(no name)'}"`;
}

/** `2026-11-21 09:30 UTC` of a date as certificates have it. */
function moment(date: string): string {
  return `${new Date(date).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
