import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { CA_NAMES, type CaName, type ClusterCa, type ClusterCas } from '../domain/cluster-cas.ts';
import { Secret } from '../domain/secret.ts';
import { type CaProblem, caError, caWarning } from './ca-problem.ts';
import { checkCaChain, nameOf } from './check-ca-chain.ts';
import { type ChainLink, toLink } from './find-chain.ts';
import { readCertificates, readPrivateKeys, writeCertificates, writePrivateKey } from './pem.ts';

const YEAR = 365 * 24 * 60 * 60 * 1000;
/** Those that Go's TLS knows. */
const CURVES = ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];

/** What is above the cluster's CAs, in the order from them to the root. */
const ABOVE = ['intermediate-ca.pem', 'root-ca.pem'] as const;
const SERVICE_KEY = 'service.key';

/** The files that a directory of CAs has or may have, as RKE2 itself calls them below `server/tls`. */
export const CA_FILES: readonly string[] = [
  ...CA_NAMES.flatMap((name) => [`${name}.crt`, `${name}.key`]),
  ...ABOVE,
  SERVICE_KEY,
];

/** The texts of those files by name, as far as they are there. */
export type CaTexts = ReadonlyMap<string, string>;

export interface OwnCas {
  /** null exactly when one of the problems is an error. */
  readonly cas: ClusterCas | null;
  readonly problems: readonly CaProblem[];
}

/**
 * CAs of one's own, checked as RKE2 will use them: readable, of a CA, valid now, with their own keys, and led without a
 * gap to a root. A CA's file may have its own certificate alone: what lies in intermediate-ca.pem and root-ca.pem is put
 * behind it, since RKE2 wants the whole way. `place` is the directory as messages call it.
 */
export function readOwnCas(texts: CaTexts, place: string, now: Date): OwnCas {
  const missing = CA_NAMES.flatMap((name) => [`${name}.crt`, `${name}.key`]).filter(
    (file) => !texts.has(file),
  );
  const above = ABOVE.map((file) => readLinks(texts.get(file), `${place}/${file}`));
  const links = above.flatMap((read) => ('links' in read ? read.links : []));
  const service = checkServiceKey(texts.get(SERVICE_KEY), `${place}/${SERVICE_KEY}`);
  const input = { texts, place, now, above: links, root: readRoot(texts) };
  const read = CA_NAMES.map((name) => [name, readCa(name, input)] as const);
  const problems = [
    ...(missing.length === 0 ? [] : [filesMissing(missing, texts, place)]),
    ...above.flatMap((each) => ('problem' in each ? [each.problem] : [])),
    ...read.flatMap(([, { problems: found }]) => found),
    ...(service === null ? [] : [service]),
    ...findShared(texts, place),
  ];
  const cas = read.flatMap(([name, { ca }]) => (ca === null ? [] : [[name, ca] as const]));
  const isWhole = cas.length === CA_NAMES.length && !problems.some(({ severity }) => severity === 'error');
  return {
    cas: isWhole
      ? { cas: Object.fromEntries(cas) as Record<CaName, ClusterCa>, serviceKey: readServiceKey(texts) }
      : null,
    problems,
  };
}

interface CaInput {
  readonly texts: CaTexts;
  readonly place: string;
  readonly now: Date;
  readonly above: readonly ChainLink[];
  readonly root: X509Certificate | null;
}

interface ReadCa {
  readonly ca: ClusterCa | null;
  readonly problems: readonly CaProblem[];
}

function readCa(name: CaName, { above, now, place, root, texts }: CaInput): ReadCa {
  const [crt, key] = [texts.get(`${name}.crt`), texts.get(`${name}.key`)];
  const file = `${place}/${name}.crt`;
  const read = crt === undefined ? { links: [] } : readLinks(crt, file);
  const keys = key === undefined ? { keys: [] } : readKeys(key, `${place}/${name}.key`);
  const unreadable = [read, keys].flatMap((each) => ('problem' in each ? [each.problem] : []));
  const links = 'links' in read ? read.links : [];
  const [ca, ...others] = links;
  const checked = ca === undefined ? null : checkCaChain(file, ca, [...others, ...above], now);
  const problems = [
    ...unreadable,
    ...(checked?.problem ? [checked.problem] : []),
    ...('keys' in keys ? checkKey(name, place, keys.keys[0], links) : []),
    ...(checked?.chain ? checkEnd(file, checked.chain, now) : []),
    ...(checked?.chain && root !== null ? checkRoot(file, checked.chain, root, place) : []),
  ];
  if (checked?.chain == null || !('keys' in keys) || keys.keys.length === 0) return { ca: null, problems };
  const certificates = writeCertificates(
    withChain(
      links.map(({ certificate }) => certificate),
      checked.chain,
    ),
  );
  return { ca: { certificates, key: new Secret(keys.keys.map(writePrivateKey).join('')) }, problems };
}

/** The file's own certificates in their order, and behind them what of the way to the root it lacks. */
function withChain(own: readonly X509Certificate[], chain: readonly ChainLink[]): readonly X509Certificate[] {
  const known = new Set(own.map(({ fingerprint256 }) => fingerprint256));
  const lacking = chain.filter(({ certificate }) => !known.has(certificate.fingerprint256));
  return [...own, ...lacking.map(({ certificate }) => certificate)];
}

function readLinks(
  text: string | undefined,
  file: string,
): { readonly links: readonly ChainLink[] } | { readonly problem: CaProblem } {
  if (text === undefined) return { links: [] };
  try {
    const links = readCertificates(text).map(toLink);
    if (links.length > 0) return { links };
  } catch {
    return {
      problem: caError(
        'ca-unreadable',
        `${file}: a certificate in it cannot be read: what stands between its BEGIN and END lines is damaged.`,
        'Copy the whole file again.',
      ),
    };
  }
  return {
    problem: caError(
      'ca-unreadable',
      `${file} holds no certificate in PEM form.`,
      'It begins with `-----BEGIN CERTIFICATE-----`; `openssl x509 -inform der -in FILE` makes that of the binary form.',
    ),
  };
}

function readKeys(
  text: string,
  file: string,
): { readonly keys: readonly KeyObject[] } | { readonly problem: CaProblem } {
  if (/ENCRYPTED/.test(text)) {
    const message = `${file}: the key has a passphrase, which RKE2 cannot give.`;
    const hint = 'Write it without one: `openssl pkey -in FILE -out plain.key`.';
    return { problem: caError('ca-unreadable', message, hint) };
  }
  let keys: readonly KeyObject[];
  try {
    keys = readPrivateKeys(text);
  } catch {
    keys = [];
  }
  if (keys.length === 0) {
    const message = `${file} holds no private key in PEM form that can be read.`;
    const hint = 'It begins with `-----BEGIN EC PRIVATE KEY-----` or the like; copy the whole file again.';
    return { problem: caError('ca-unreadable', message, hint) };
  }
  return keys.every(isUsable)
    ? { keys }
    : {
        problem: caError(
          'ca-key-kind',
          `${file}: RKE2 signs with RSA and EC keys (P-256, P-384, P-521); this one is ${keys.map(kindOf).join(' and ')}.`,
          'Make another key of those kinds, and have its certificate issued anew.',
        ),
      };
}

function isUsable(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'rsa') return true;
  return key.asymmetricKeyType === 'ec' && CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? '');
}

function kindOf({ asymmetricKeyDetails, asymmetricKeyType }: KeyObject): string {
  return asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? 'of another kind';
}

/** The first key must be that of the first certificate. */
function checkKey(
  name: CaName,
  place: string,
  key: KeyObject | undefined,
  links: readonly ChainLink[],
): readonly CaProblem[] {
  const [ca, ...others] = links;
  if (key === undefined || ca === undefined || isKeyOf(key, ca)) return [];
  const owner = others.find((link) => isKeyOf(key, link));
  if (owner !== undefined) {
    return [
      caError(
        'ca-order',
        `${place}/${name}.key is the key of ${nameOf(owner)}, which does not stand first in ${name}.crt.`,
        'The CA’s own certificate stands first, then who issued it, and so on up to the root; the key is the CA’s own.',
      ),
    ];
  }
  return [
    caError(
      'ca-key-mismatch',
      `${place}/${name}.key is not the key of ${nameOf(ca)} in ${name}.crt.`,
      'Put the key with which that certificate was requested beside it.',
    ),
  ];
}

function isKeyOf(key: KeyObject, { certificate }: ChainLink): boolean {
  return createPublicKey(key).equals(certificate.publicKey);
}

/** RKE2 never renews a CA, and what it signs lives for a year. */
function checkEnd(file: string, chain: readonly ChainLink[], now: Date): readonly CaProblem[] {
  const first = chain.toSorted((a, b) => endOf(a) - endOf(b))[0];
  if (first === undefined || endOf(first) - now.getTime() > YEAR) return [];
  const day = new Date(endOf(first)).toISOString().slice(0, 10);
  return [
    caWarning(
      'ca-ends-soon',
      `${file}: ${nameOf(first)} ends on ${day}, and RKE2 does not renew CAs: from then on nothing in the cluster trusts anything.`,
      'Have it issued for ten years, or be sure to change it in time with `rke2ctl cert rotate --rotate-ca`.',
    ),
  ];
}

function endOf({ certificate }: ChainLink): number {
  return Date.parse(certificate.validTo);
}

function checkRoot(
  file: string,
  chain: readonly ChainLink[],
  root: X509Certificate,
  place: string,
): readonly CaProblem[] {
  const end = chain.at(-1);
  if (end === undefined || end.certificate.fingerprint256 === root.fingerprint256) return [];
  return [
    caError(
      'ca-other-root',
      `${file} leads to the root ${nameOf(end)}, and ${place}/root-ca.pem is another one.`,
      'Put that root into root-ca.pem, or have the CA issued below the one that is there.',
    ),
  ];
}

function readRoot(texts: CaTexts): X509Certificate | null {
  const read = readLinks(texts.get('root-ca.pem'), '');
  return 'links' in read ? (read.links.at(-1)?.certificate ?? null) : null;
}

function checkServiceKey(text: string | undefined, file: string): CaProblem | null {
  if (text === undefined) return null;
  const read = readKeys(text, file);
  return 'problem' in read ? read.problem : null;
}

function readServiceKey(texts: CaTexts): Secret | null {
  const text = texts.get(SERVICE_KEY);
  return text === undefined ? null : new Secret(readPrivateKeys(text).map(writePrivateKey).join(''));
}

/** Kubernetes warns against one CA for people and for the proxy that may speak in anybody's name. */
function findShared(texts: CaTexts, place: string): readonly CaProblem[] {
  const [client, header] = (['client-ca', 'request-header-ca'] as const).map((name) => {
    const read = readLinks(texts.get(`${name}.crt`), '');
    return 'links' in read ? read.links[0]?.certificate.publicKey : undefined;
  });
  if (client === undefined || header === undefined || !client.equals(header)) return [];
  return [
    caWarning(
      'ca-shared',
      `${place}/client-ca.crt and request-header-ca.crt are of one CA: whoever it gives a certificate named system:auth-proxy may speak in anybody’s name to aggregated APIs.`,
      'Have two different ones issued.',
    ),
  ];
}

function filesMissing(missing: readonly string[], texts: CaTexts, place: string): CaProblem {
  const keysAreThere = CA_NAMES.every((name) => texts.has(`${name}.key`));
  return caError(
    'ca-file-missing',
    `${place} lacks ${missing.join(', ')}.`,
    keysAreThere
      ? 'Have the requests (`.csr`) signed as those of CAs, and put the signed certificates there under these names.'
      : `\`rke2ctl cert generate-csr --cert-dir ${place}\` makes keys and requests for what is missing; with \`--ca-cert\` and \`--ca-key\` of your CA it signs them, too.`,
  );
}
