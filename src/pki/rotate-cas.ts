import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import type { CaName, ClusterCa, ClusterCas } from '../domain/cluster-cas.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import {
  type ChainInput,
  type ChainLink,
  findChain,
  isRoot,
  isSelfSigned,
  isValidAt,
  toLink,
} from './find-chain.ts';
import { caCommonName, forEachCa, issueCa, makeCaBelow, makeRoot, newServiceKey } from './make-cas.ts';
import { readCertificates, readPrivateKeys, writeCertificates, writePrivateKey } from './pem.ts';
import type { Signer } from './sign-certificate.ts';

/**
 * New CAs for a cluster, each below a root of its own that signs itself and is signed by the old CA, too: who trusts only
 * the old one is led to it, who trusts only the new root needs nothing else. The old key of service accounts goes on to
 * count. The roots' keys stand behind the CAs' own in the key files, where the next rotation looks for them. Throws an
 * Rke2ctlError where an old CA cannot sign another one.
 */
export function makeRotatedCas(old: ClusterCas, now: Date): ClusterCas {
  const cas = forEachCa((name) => {
    const root = makeRoot(caCommonName(name, now).replace(/-ca@/, '-root@'), now);
    const fresh = makeCaBelow(name, { ...root, above: [] }, now);
    const keys = `${fresh.key.reveal()}${writePrivateKey(root.key)}`;
    return { certificates: crossSigned(name, fresh, old.cas[name], now), key: new Secret(keys) };
  });
  const own = writePrivateKey(newServiceKey());
  return { cas, serviceKey: new Secret(`${own}${old.serviceKey?.reveal() ?? ''}`) };
}

/**
 * CAs of your own in the place of the cluster's present ones, such that RKE2 takes them and that who trusts only the old
 * ones is led to them: below the same root as they are, else with their root signed by the old CA as well. Throws an
 * Rke2ctlError where an old CA cannot sign another one, or a new one stands below no root.
 */
export function crossSignCas(fresh: ClusterCas, old: ClusterCas, now: Date): ClusterCas {
  const cas = forEachCa((name): ClusterCa => {
    const ca = fresh.cas[name];
    if (leadsTo(ca.certificates, old.cas[name].certificates, now)) return ca;
    return { certificates: crossSigned(name, ca, old.cas[name], now), key: ca.key };
  });
  return { cas, serviceKey: joinServiceKeys(fresh.serviceKey, old.serviceKey) };
}

/**
 * Whether RKE2 takes `fresh` in the place of `old` without force: the first certificate of the new file is led, through
 * the others of it, to a root of the old file; a lone certificate never is.
 */
export function leadsTo(fresh: string, old: string, now: Date): boolean {
  const [leaf, ...others] = readCertificates(fresh).map(toLink);
  const known = readCertificates(old).map(toLink);
  if (leaf === undefined || others.length === 0) return false;
  const intermediates = [
    ...known.filter((link) => !isRoot(link)),
    ...others.filter(({ authorityKeyId }) => authorityKeyId !== null),
  ];
  return findChain(leaf, { roots: known.filter(isRoot), intermediates, now }) !== null;
}

/** The key that signs comes first; one that signed before goes on to count. */
function joinServiceKeys(fresh: Secret | null, old: Secret | null): Secret | null {
  if (fresh === null || old === null) return fresh ?? old;
  const keys = [...readPrivateKeys(fresh.reveal()), ...readPrivateKeys(old.reveal())];
  const different = keys.filter((key, index) => !keys.slice(0, index).some((each) => each.equals(key)));
  return new Secret(different.map(writePrivateKey).join(''));
}

/**
 * The certificates of a new CA and of both ways from it to a root. OpenSSL takes the first certificate that fits for the
 * next on its way and does not turn back, so the cross-signed root stands before the one that signed itself: a client
 * that has the new root takes it from its own store anyhow.
 */
function crossSigned(name: CaName, fresh: ClusterCa, old: ClusterCa, now: Date): string {
  const links = readCertificates(fresh.certificates).map(toLink);
  const [leaf, ...above] = links;
  const chain =
    leaf === undefined
      ? null
      : findChain(leaf, {
          roots: above.filter(isSelfSigned),
          intermediates: above.filter((link) => !isSelfSigned(link)),
          now,
        });
  const root = chain?.at(-1);
  if (chain === null || root === undefined) throw hasNoRoot(name);
  const signer = oldSigner(name, old, chain, now);
  const cross = issueCa(root.certificate, root.certificate.publicKey, signer, now);
  const below = chain.slice(0, -1).map(({ certificate }) => certificate);
  return writeCertificates([...below, cross, root.certificate, ...signer.path]);
}

interface OldSigner extends Signer {
  /** From the signer's own certificate up to its root. */
  readonly path: readonly X509Certificate[];
}

/** Who signs for the old CA: its root where the root's key lies in the key file, as after a rotation, else the CA itself. */
function oldSigner(name: CaName, old: ClusterCa, below: readonly ChainLink[], now: Date): OldSigner {
  const links = readCertificates(old.certificates).map(toLink);
  const keys = readPrivateKeys(old.key.reveal());
  const roots = links.filter(isSelfSigned);
  const intermediates = links.filter((link) => !isSelfSigned(link));
  const pairs = [...roots, ...links].flatMap((link) => {
    const key = keys.find((each) => belongsTo(each, link.certificate));
    return key === undefined ? [] : [{ link, key }];
  });
  for (const { link, key } of pairs) {
    const path = findPath(link, { roots, intermediates, now });
    if (path !== null && hasRoomFor(path, below.length))
      return { certificate: link.certificate, key, path: path.map(({ certificate }) => certificate) };
  }
  throw cannotSign(name, pairs.length > 0);
}

function findPath(link: ChainLink, input: ChainInput): readonly ChainLink[] | null {
  if (isSelfSigned(link)) return isValidAt(link, input.now) ? [link] : null;
  return findChain(link, input);
}

/** `count` more CAs, the cross-signed root among them, may stand below the first of the path. */
function hasRoomFor(path: readonly ChainLink[], count: number): boolean {
  return path.every(({ pathLength }, index) => pathLength === null || count + index <= pathLength);
}

function belongsTo(key: KeyObject, certificate: X509Certificate): boolean {
  return createPublicKey(key).equals(certificate.publicKey);
}

function hasNoRoot(name: CaName): Rke2ctlError {
  return new Rke2ctlError({
    code: 'ca-without-root',
    message: `The new ${name} stands below no root: RKE2 takes a new CA into a cluster only if it was issued by one.`,
    hint: 'Have it issued by your root or intermediate CA (`rke2ctl cert generate-csr` makes the requests), or go the hard way with `--force`.',
  });
}

function cannotSign(name: CaName, hasKey: boolean): Rke2ctlError {
  const why = hasKey
    ? 'its certificate, or one above it, has ended or allows no further CA below it (pathlen)'
    : 'the key beside its certificate belongs to another one';
  return new Rke2ctlError({
    code: 'ca-cannot-sign',
    message: `The cluster's present ${name} cannot vouch for a new one: ${why}.`,
    hint: 'The change is possible only the hard way, with `--force`: agents must then get the new token, and until they have it they are cut off.',
  });
}
