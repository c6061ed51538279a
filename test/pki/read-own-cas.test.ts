import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { caHash } from '../../src/pki/ca-hash.ts';
import { issueCa, makeCasBelow, makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { readCertificates, writePrivateKey } from '../../src/pki/pem.ts';
import { type CaTexts, readOwnCas } from '../../src/pki/read-own-cas.ts';
import { type Signer, signCa } from '../../src/pki/sign-certificate.ts';
import { caDirectory, signByOpenssl } from './ca-directory.ts';

/** A little after what OpenSSL makes here. */
const NOW = new Date(Date.now() + 60_000);
const DAY = 24 * 3600 * 1000;
const root = makeRoot('Example Root', NOW);
const middle = signer('Example Intermediate', root);
const cas = makeCasBelow({ ...middle, above: [root.certificate] }, NOW);
const whole = caDirectory(cas, { 'root-ca.pem': root.certificate.toString() });

function signer(subject: string, issuer: Signer): Signer {
  const key = newKey();
  return { certificate: issueCa(subject, key, issuer, NOW), key };
}

function lone(name: string): string {
  return readCertificates(whole.get(name) ?? '')[0]?.toString() ?? '';
}

const check = (texts: CaTexts, now = NOW) => readOwnCas(texts, './ca', now);
const withFiles = (files: Readonly<Record<string, string | null>>): CaTexts => {
  const texts = new Map(whole);
  for (const [name, text] of Object.entries(files)) {
    if (text === null) texts.delete(name);
    else texts.set(name, text);
  }
  return texts;
};

/** What is said of the directory with these files in it, as `code message`; no such set is taken. */
function problemsOf(files: Readonly<Record<string, string | null>>, now = NOW): readonly string[] {
  const { cas: taken, problems } = check(withFiles(files), now);
  expect(taken).toBeNull();
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ code, message }) => `${code} ${message}`);
}

/** server-ca signed by OpenSSL below `issuer`, with the key that is there. */
function signedOtherwise(issuer: Signer, extensions: string, digest = 'sha256'): string {
  const key = whole.get('server-ca.key') ?? '';
  return signByOpenssl(issuer, { subject: 'server', key, extensions, digest });
}

const CA_EXTENSIONS =
  'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';

describe('a directory of CAs', () => {
  it('that is whole is taken as it is', () => {
    const { cas: taken, problems } = check(whole);
    expect(problems).toEqual([]);
    expect(taken?.cas['server-ca'].certificates).toBe(cas.cas['server-ca'].certificates);
    expect(taken?.cas['etcd/peer-ca'].key.reveal()).toBe(cas.cas['etcd/peer-ca'].key.reveal());
    expect(taken?.serviceKey?.reveal()).toBe(cas.serviceKey?.reveal());
  });

  it('may have the CAs’ own certificates alone: the way to the root is put behind them', () => {
    const files = Object.fromEntries(
      [...whole.keys()].filter((name) => name.endsWith('.crt')).map((name) => [name, lone(name)]),
    );
    const { cas: taken, problems } = check(
      withFiles({ ...files, 'intermediate-ca.pem': middle.certificate.toString() }),
    );
    expect(problems).toEqual([]);
    const chain = taken?.cas['server-ca'].certificates ?? '';
    expect(chain).toBe(cas.cas['server-ca'].certificates);
    expect(caHash(chain)).toBe(root.certificate.fingerprint256.replaceAll(':', '').toLowerCase());
  });

  it('may have CAs that sign themselves, as RKE2’s own do, and texts that OpenSSL writes before the PEM', () => {
    const texts = new Map<string, string>();
    for (const name of [...whole.keys()].filter((each) => each.endsWith('.crt'))) {
      const own = makeRoot(name, NOW);
      texts.set(name, `Certificate:\n    Data:\n${own.certificate.toString()}`);
      texts.set(
        name.replace('.crt', '.key'),
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${writePrivateKey(own.key)}`,
      );
    }
    const { cas: taken, problems } = check(texts);
    expect(problems).toEqual([]);
    expect(taken?.serviceKey).toBeNull();
    expect(taken?.cas['client-ca'].certificates).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  it('may have RSA keys, also as PKCS #8', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const certificate = issueCa('server', privateKey, middle, NOW);
    const { problems } = check(
      withFiles({
        'server-ca.crt': `${certificate}${middle.certificate}${root.certificate}`,
        'server-ca.key': String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      }),
    );
    expect(problems).toEqual([]);
  });
});

describe('a directory of CAs is refused', () => {
  it('with files missing, all of them at once', () => {
    expect(problemsOf({ 'server-ca.crt': null, 'etcd/peer-ca.key': null })).toEqual([
      'ca-file-missing ./ca lacks server-ca.crt, etcd/peer-ca.key.',
    ]);
  });

  it('with what is no certificate and no key', () => {
    const damaged = lone('server-ca.crt').replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
    expect(
      problemsOf({
        'server-ca.crt': damaged,
        'client-ca.crt': 'hello',
        'client-ca.key': encrypted,
        'service.key': '',
      }),
    ).toEqual([
      'ca-unreadable ./ca/server-ca.crt: a certificate in it cannot be read: what stands between its BEGIN and END lines is damaged.',
      'ca-unreadable ./ca/client-ca.crt holds no certificate in PEM form.',
      'ca-unreadable ./ca/client-ca.key: the key has a passphrase, which RKE2 cannot give.',
      'ca-unreadable ./ca/service.key holds no private key in PEM form that can be read.',
    ]);
  });

  it('with a key of another', () => {
    expect(problemsOf({ 'client-ca.key': writePrivateKey(newKey()) })).toEqual([
      expect.stringMatching(
        /^ca-key-mismatch \.\/ca\/client-ca\.key is not the key of "CN=rke2-client-ca@\d+" in client-ca\.crt\.$/,
      ),
    ]);
  });

  it('with a key that Go’s TLS does not know', () => {
    const strange = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    expect(problemsOf({ 'service.key': writePrivateKey(strange) })).toEqual([
      'ca-key-kind ./ca/service.key: RKE2 signs with RSA and EC keys (P-256, P-384, P-521); this one is secp256k1.',
    ]);
  });

  it('where the CA’s own certificate does not stand first', () => {
    const [ca, ...above] = readCertificates(whole.get('server-ca.crt') ?? '');
    expect(problemsOf({ 'server-ca.crt': [...above, ca].join('') })).toEqual([
      expect.stringMatching(
        /^ca-order \.\/ca\/server-ca\.key is the key of "CN=rke2-server-ca@\d+", which does not stand first in server-ca\.crt\.$/,
      ),
    ]);
  });

  it.each([
    ['ca', lone('server-ca.crt'), '"CN=Example Intermediate"'],
    ['intermediate', `${lone('server-ca.crt')}${middle.certificate}`, '"CN=Example Root"'],
  ])('where the way to a root breaks off behind the %s', (_, text, issuer) => {
    const [problem = ''] = problemsOf({ 'server-ca.crt': text, 'root-ca.pem': null });
    expect(problem).toMatch(/^ca-chain-broken \.\/ca\/server-ca\.crt: the way from .* breaks off/);
    expect(problem).toContain(`the certificate of its issuer, ${issuer}, is not there`);
  });

  it('where the issuer’s name is there with another key', () => {
    const other = makeRoot('Example Root', NOW);
    const [problem = ''] = problemsOf({
      'server-ca.crt': `${lone('server-ca.crt')}${middle.certificate}`,
      'root-ca.pem': other.certificate.toString(),
    });
    expect(problem).toMatch(
      /^ca-chain-broken .*"CN=Example Intermediate" was issued by "CN=Example Root".* has another key/,
    );
  });

  it('where it leads to another root than the one beside it', () => {
    const other = makeRoot('Other Root', NOW);
    const said = problemsOf({ 'root-ca.pem': other.certificate.toString() });
    expect(said).toHaveLength(5);
    expect(said[0]).toBe(
      'ca-other-root ./ca/server-ca.crt leads to the root "CN=Example Root", and ./ca/root-ca.pem is another one.',
    );
  });

  it('that has ended, or has not begun', () => {
    const key = newKey();
    const times = { notBefore: new Date(NOW.getTime() - 10 * DAY), notAfter: new Date(NOW.getTime() - DAY) };
    const ended = signCa({ subject: 'server', publicKey: key, issuer: middle, ...times });
    const files = {
      'server-ca.crt': `${ended}${middle.certificate}${root.certificate}`,
      'server-ca.key': writePrivateKey(key),
    };
    const day = `${times.notAfter.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    expect(problemsOf(files)).toEqual([`ca-expired ./ca/server-ca.crt: "CN=server" ended on ${day}.`]);
    const said = problemsOf({}, new Date(NOW.getTime() - DAY));
    expect(said[0]).toMatch(
      /^ca-not-yet-valid \.\/ca\/server-ca\.crt: .* is valid from \d{4}-\d\d-\d\d \d\d:\d\d UTC on only\.$/,
    );
  });

  it('whose root has ended', () => {
    const key = newKey();
    const times = { notBefore: new Date(NOW.getTime() - 10 * DAY), notAfter: new Date(NOW.getTime() - DAY) };
    const certificate = signCa({ subject: 'Old Root', publicKey: key, issuer: key, ...times });
    const signed = signedOtherwise({ certificate, key }, CA_EXTENSIONS);
    const [problem = ''] = problemsOf({ 'server-ca.crt': `${signed}${certificate}`, 'root-ca.pem': null });
    expect(problem).toMatch(/^ca-expired \.\/ca\/server-ca\.crt: "CN=Old Root" ended on/);
  });

  it.each([
    ['no CA', 'basicConstraints=critical,CA:FALSE\n', 'its basicConstraints do not say CA:TRUE'],
    ['nothing about CAs', 'extendedKeyUsage=serverAuth\n', 'its basicConstraints do not say CA:TRUE'],
    [
      'a CA that may not sign',
      `${CA_EXTENSIONS}keyUsage=critical,digitalSignature\n`,
      'its keyUsage does not allow to sign',
    ],
  ])('whose certificate says: %s', (_, extensions, reason) => {
    const signed = signedOtherwise(middle, extensions);
    const said = problemsOf({ 'server-ca.crt': `${signed}${middle.certificate}${root.certificate}` });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^ca-not-a-ca \.\/ca\/server-ca\.crt: "CN=server" is not the certificate of a CA: /,
    );
    expect(said[0]).toContain(reason);
  });

  it('where an intermediate allows no CA below it', () => {
    const key = newKey();
    const pem = signByOpenssl(root, {
      subject: 'Last',
      key: writePrivateKey(key),
      extensions: CA_EXTENSIONS.replace('CA:TRUE', 'CA:TRUE,pathlen:0'),
    });
    const last = { certificate: new X509Certificate(pem), key };
    const signed = signedOtherwise(last, CA_EXTENSIONS);
    expect(problemsOf({ 'server-ca.crt': `${signed}${pem}${root.certificate}` })).toEqual([
      'ca-path-length ./ca/server-ca.crt: "CN=Last" allows no CA below it (pathlen:0), and one stands there.',
    ]);
  });

  it('where SHA-1 signed', () => {
    const signed = signedOtherwise(middle, CA_EXTENSIONS, 'sha1');
    const [problem] = problemsOf({ 'server-ca.crt': `${signed}${middle.certificate}${root.certificate}` });
    expect(problem).toBe(
      'ca-signature-weak ./ca/server-ca.crt: "CN=server" is signed with MD5 or SHA-1, which RKE2 does not accept.',
    );
  });
});

describe('a directory of CAs is taken with a warning', () => {
  it('when one ends within a year', () => {
    const { cas: taken, problems } = check(whole, new Date(NOW.getTime() + 9.5 * 365 * DAY));
    expect(taken).not.toBeNull();
    expect(problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual(
      Array(5).fill('warning ca-ends-soon'),
    );
  });

  it('when people and the proxy have one CA', () => {
    const { cas: taken, problems } = check(
      withFiles({
        'request-header-ca.crt': whole.get('client-ca.crt') ?? '',
        'request-header-ca.key': whole.get('client-ca.key') ?? '',
      }),
    );
    expect(taken).not.toBeNull();
    expect(problems.map(({ code }) => code)).toEqual(['ca-shared']);
  });
});
