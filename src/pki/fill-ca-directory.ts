import { createPublicKey, type KeyObject } from 'node:crypto';
import { CA_NAMES } from '../domain/cluster-cas.ts';
import { type CaProblem, caError } from './ca-problem.ts';
import { requestCa } from './certificate-request.ts';
import { checkCaChain, nameOf } from './check-ca-chain.ts';
import { toLink } from './find-chain.ts';
import { caCommonName, issueCa, newKey, newServiceKey, type ParentCa } from './make-cas.ts';
import { readCertificates, readPrivateKeys, writeCertificates, writePrivateKey } from './pem.ts';
import type { CaTexts } from './read-own-cas.ts';

/**
 * What a directory of CAs lacks, as texts by file name: a key for every CA that has neither key nor certificate, and for
 * every CA without a certificate a request (`.csr`); with `parent` the certificate itself, and the root. A key that is
 * there is never made anew: its request may be at the CA already.
 */
export function fillCaDirectory(
  texts: CaTexts,
  parent: ParentCa | null,
  now: Date,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const name of CA_NAMES) {
    if (texts.has(`${name}.crt`)) continue;
    const known = texts.get(`${name}.key`);
    const key = known === undefined ? newKey() : firstKey(known);
    if (key === null) continue;
    if (known === undefined) files.set(`${name}.key`, writePrivateKey(key));
    const subject = caCommonName(name, now);
    if (parent === null) files.set(`${name}.csr`, requestCa(subject, key));
    else files.set(`${name}.crt`, issueBelow(subject, key, parent, now));
  }
  if (!texts.has('service.key')) files.set('service.key', writePrivateKey(newServiceKey()));
  const root = parent === null ? undefined : (parent.above.at(-1) ?? parent.certificate);
  if (root !== undefined && !texts.has('root-ca.pem')) files.set('root-ca.pem', writeCertificates([root]));
  return files;
}

function issueBelow(subject: string, key: KeyObject, parent: ParentCa, now: Date): string {
  return writeCertificates([issueCa(subject, key, parent, now), parent.certificate, ...parent.above]);
}

/** null where it cannot be read: the check of the whole directory says so. */
function firstKey(pem: string): KeyObject | null {
  try {
    return readPrivateKeys(pem)[0] ?? null;
  } catch {
    return null;
  }
}

export interface ParentFiles {
  readonly certificate: { readonly file: string; readonly text: string };
  readonly key: { readonly file: string; readonly text: string };
  /** What lies in the directory already and may lead it to its root. */
  readonly beside: CaTexts;
}

/** The CA that is to sign, from its files: its certificate, and behind it who vouches for it, up to a root. */
export function readParentCa({ beside, certificate, key }: ParentFiles, now: Date): ParentCa | CaProblem {
  const read = readPair(certificate, key);
  if ('code' in read) return read;
  const others = ['intermediate-ca.pem', 'root-ca.pem'].flatMap((name) => {
    const text = beside.get(name);
    const links = text === undefined ? null : tryTo(() => readCertificates(text).map(toLink));
    return links ?? [];
  });
  const [signer, ...above] = read.certificates;
  if (signer === undefined) return notCertificates(certificate.file);
  const link = toLink(signer);
  if (!createPublicKey(read.key).equals(signer.publicKey)) {
    const hint = 'Name the key that belongs to the first certificate of that file.';
    return caError(
      'ca-key-mismatch',
      `${key.file} is not the key of ${nameOf(link)} in ${certificate.file}.`,
      hint,
    );
  }
  const checked = checkCaChain(certificate.file, link, [...above.map(toLink), ...others], now);
  if (checked.chain === null) return checked.problem;
  return {
    certificate: signer,
    key: read.key,
    above: checked.chain.slice(1).map((each) => each.certificate),
  };
}

function readPair(certificate: ParentFiles['certificate'], key: ParentFiles['key']) {
  const certificates = tryTo(() => readCertificates(certificate.text));
  if (certificates === null || certificates.length === 0) return notCertificates(certificate.file);
  if (/ENCRYPTED/.test(key.text)) {
    const message = `${key.file}: the key has a passphrase, and nobody is asked for it here.`;
    const hint =
      'Leave `--ca-cert` and `--ca-key` out and sign the requests with your CA’s own tool; or name a copy without it, for as long as this takes.';
    return caError('ca-unreadable', message, hint);
  }
  const first = firstKey(key.text);
  if (first === null)
    return caError(
      'ca-unreadable',
      `${key.file} holds no private key in PEM form that can be read.`,
      'Name the file of your CA’s private key.',
    );
  return { certificates, key: first };
}

function notCertificates(file: string): CaProblem {
  const hint = 'Name the certificate of your CA in PEM form, with those above it behind it.';
  return caError('ca-unreadable', `${file} holds no certificate in PEM form that can be read.`, hint);
}

function tryTo<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
