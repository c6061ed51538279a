import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterCa, ClusterCas } from '../../src/domain/cluster-cas.ts';
import { CA_NAMES } from '../../src/domain/cluster-cas.ts';
import { Secret } from '../../src/domain/secret.ts';
import { caHash } from '../../src/pki/ca-hash.ts';
import { forEachCa, makeCasBelow, makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { readCertificates, readPrivateKeys, writePrivateKey } from '../../src/pki/pem.ts';
import { crossSignCas, leadsTo, makeRotatedCas } from '../../src/pki/rotate-cas.ts';
import { signCa } from '../../src/pki/sign-certificate.ts';
import { caBootstrapData } from '../../src/rke2/ca-bootstrap-data.ts';
import { signCertificate } from '../standin/rke2/certificate.ts';
import { checkContinuity } from '../standin/rke2/maintenance/authority-continuity.ts';
import { trusts } from './tls-trust.ts';

/** A little after what the tests make: RKE2’s own CAs begin with the second they are made in. */
const NOW = new Date(Date.now() + 60_000);
const LATER = new Date(NOW.getTime() + 1000);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl-cas-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As RKE2 makes its own at the first start: each signs itself. */
function defaultCas(): ClusterCas {
  return { cas: forEachCa((name) => selfSigned(`rke2-${name}@1`)), serviceKey: serviceKey() };
}

function selfSigned(commonName: string): ClusterCa {
  const key = newKey();
  const pair = { publicKey: createPublicKey(key), selfKey: key };
  return {
    certificates: signCertificate({ commonName, ...pair, days: 3650 }),
    key: new Secret(writePrivateKey(key)),
  };
}

function serviceKey(): Secret {
  return new Secret(writePrivateKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
}

interface Leaf {
  readonly chain: string;
  readonly key: string;
}

/** A server's certificate as RKE2 issues it: the CA's first certificate signs, the whole file is sent. */
function leafOf({ certificates, key }: ClusterCa, usage: 'server' | 'client' = 'server'): Leaf {
  const own = newKey();
  const certificate = signCertificate({
    commonName: 'leaf',
    publicKey: createPublicKey(own),
    issuer: { certificate: certificates, key: key.reveal() },
    usages: [usage],
    names: ['localhost'],
    days: 30,
  });
  return { chain: certificate + certificates, key: writePrivateKey(own) };
}

/** What `openssl verify` says of a leaf, with what came with it as untrusted. */
function opensslTrusts(trusted: string, { chain }: Leaf): boolean {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const leaf = readCertificates(chain)[0]?.toString() ?? '';
  const trust = ['-no-CApath', '-no-CAstore', '-CAfile', file('trusted.pem', trusted)];
  const untrusted = ['-untrusted', file('sent.pem', chain)];
  try {
    execFileSync('openssl', ['verify', ...trust, ...untrusted, file('leaf.pem', leaf)], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

const rootOf = (ca: ClusterCa) => readCertificates(ca.certificates).find(isSelfIssued)?.toString() ?? '';
const isSelfIssued = (certificate: X509Certificate) => certificate.checkIssued(certificate);

describe('rotated CAs', () => {
  const old = defaultCas();
  const fresh = makeRotatedCas(old, NOW);

  it.each(CA_NAMES)(
    '%s: who trusts only the old one, or only the new root, accepts a new leaf',
    async (name) => {
      const leaf = leafOf(fresh.cas[name]);
      const trusted = [old.cas[name].certificates, rootOf(fresh.cas[name])];
      for (const store of trusted) {
        expect(opensslTrusts(store, leaf)).toBe(true);
        expect(await trusts(store, leaf)).toBe(true);
      }
      const stranger = selfSigned(`rke2-${name}@1`).certificates;
      expect(opensslTrusts(stranger, leaf)).toBe(false);
      expect(await trusts(stranger, leaf)).toBe(false);
    },
  );

  it('go on to accept leaves of the old ones, which hosts have as long as they are not restarted', async () => {
    for (const name of CA_NAMES) {
      const leaf = leafOf(old.cas[name]);
      expect(opensslTrusts(fresh.cas[name].certificates, leaf)).toBe(true);
      expect(await trusts(fresh.cas[name].certificates, leaf)).toBe(true);
    }
  });

  it('have the form that RKE2 takes without force, and different keys', () => {
    for (const name of CA_NAMES)
      expect(leadsTo(fresh.cas[name].certificates, old.cas[name].certificates, LATER)).toBe(true);
    const keys = CA_NAMES.map((name) => fresh.cas[name].key.reveal());
    expect(new Set(keys).size).toBe(CA_NAMES.length);
    for (const name of CA_NAMES) {
      const [first] = readPrivateKeys(fresh.cas[name].key.reveal());
      const [certificate] = readCertificates(fresh.cas[name].certificates);
      expect(first && certificate?.checkPrivateKey(first)).toBe(true);
    }
  });

  it('are pinned by the new root, and the old key of service accounts goes on to count', () => {
    const pem = fresh.cas['server-ca'].certificates;
    const root = new X509Certificate(rootOf(fresh.cas['server-ca']));
    expect(caHash(pem)).toBe(root.fingerprint256.replaceAll(':', '').toLowerCase());
    const [, second] = readPrivateKeys(fresh.serviceKey?.reveal() ?? '');
    const [before] = readPrivateKeys(old.serviceKey?.reveal() ?? '');
    expect(before && second?.equals(before)).toBe(true);
  });

  it('can be rotated again, and again', async () => {
    const second = makeRotatedCas(fresh, LATER);
    const third = makeRotatedCas(second, new Date(LATER.getTime() + 1000));
    for (const [next, before] of [
      [second, fresh],
      [third, second],
    ] as const) {
      const leaf = leafOf(next.cas['server-ca']);
      const root = rootOf(before.cas['server-ca']);
      expect(leadsTo(next.cas['server-ca'].certificates, before.cas['server-ca'].certificates, LATER)).toBe(
        true,
      );
      expect(opensslTrusts(root, leaf)).toBe(true);
      expect(await trusts(root, leaf)).toBe(true);
      expect(readCertificates(next.cas['server-ca'].certificates)).toHaveLength(4);
    }
    const leaf = leafOf(third.cas['server-ca']);
    expect(await trusts(old.cas['server-ca'].certificates, leaf)).toBe(false);
  });

  it('are not made where the key belongs to another CA, or the CA has ended', () => {
    const other = newKey();
    const strange = { ...old.cas['client-ca'], key: new Secret(writePrivateKey(other)) };
    const cas = { ...old, cas: { ...old.cas, 'client-ca': strange } };
    expect(() => makeRotatedCas(cas, NOW)).toThrow(/client-ca cannot vouch .* belongs to another one/);
    const never = new Date(Date.now() + 4000 * 24 * 3600 * 1000);
    expect(() => makeRotatedCas(old, never)).toThrow(/server-ca cannot vouch .* has ended/);
  });
});

describe('CAs of your own in the place of RKE2’s', () => {
  const old = defaultCas();
  const root = makeRoot('Example Root', NOW);
  const own = makeCasBelow({ ...root, above: [] }, NOW);
  const taken = crossSignCas(own, old, NOW);

  it('are refused by RKE2 as they are, and taken when the old CA signed their root', () => {
    const [before, plain, signed] = [old, own, taken].map(({ cas }) => cas['server-ca'].certificates);
    expect(leadsTo(plain ?? '', before ?? '', LATER)).toBe(false);
    expect(leadsTo(signed ?? '', before ?? '', LATER)).toBe(true);
    expect(caHash(signed ?? '')).toBe(caHash(plain ?? ''));
  });

  it.each(CA_NAMES)(
    '%s: who trusts only the old one, or only the new root, accepts a new leaf',
    async (name) => {
      const leaf = leafOf(taken.cas[name]);
      for (const store of [old.cas[name].certificates, root.certificate.toString()]) {
        expect(opensslTrusts(store, leaf)).toBe(true);
        expect(await trusts(store, leaf)).toBe(true);
      }
    },
  );

  it('need no signature of the old ones below the same root', () => {
    const renewed = makeCasBelow({ ...root, above: [] }, LATER);
    const next = crossSignCas(renewed, taken, LATER);
    expect(next.cas).toEqual(renewed.cas);
    expect(readPrivateKeys(next.serviceKey?.reveal() ?? '')).toHaveLength(3);
  });

  it('may go back to RKE2’s kind, whose root the CA itself signs, as its root’s key is not there', async () => {
    const back = makeRotatedCas(own, LATER);
    const leaf = leafOf(back.cas['etcd/peer-ca']);
    expect(leadsTo(back.cas['etcd/peer-ca'].certificates, own.cas['etcd/peer-ca'].certificates, LATER)).toBe(
      true,
    );
    for (const store of [root.certificate.toString(), rootOf({ ...back.cas['etcd/peer-ca'] })]) {
      expect(opensslTrusts(store, leaf)).toBe(true);
      expect(await trusts(store, leaf)).toBe(true);
    }
  });

  it('are refused without a root', () => {
    const lone = { ...own, cas: { ...own.cas, 'server-ca': { ...own.cas['server-ca'] } } };
    const [first] = readCertificates(own.cas['server-ca'].certificates);
    const cas = {
      ...lone.cas,
      'server-ca': { ...own.cas['server-ca'], certificates: first?.toString() ?? '' },
    };
    expect(() => crossSignCas({ ...lone, cas }, old, NOW)).toThrow(/new server-ca stands below no root/);
  });
});

it('an RSA root of somebody else’s signs and is followed, too', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const notAfter = new Date(NOW.getTime() + 1000 * 24 * 3600 * 1000);
  const certificate = signCa({
    subject: 'RSA Root',
    publicKey: privateKey,
    issuer: privateKey,
    notBefore: new Date(NOW.getTime() - 3600_000),
    notAfter,
  });
  const cas = makeCasBelow({ certificate, key: privateKey, above: [] }, NOW);
  const leaf = leafOf(cas.cas['server-ca']);
  expect(opensslTrusts(certificate.toString(), leaf)).toBe(true);
  expect(await trusts(certificate.toString(), leaf)).toBe(true);
  const [ca] = readCertificates(cas.cas['server-ca'].certificates);
  expect(Date.parse(ca?.validTo ?? '')).toBeLessThanOrEqual(notAfter.getTime());
});

describe('the check that RKE2 makes of CAs which come into a cluster', () => {
  const data = (cas: ClusterCas) =>
    JSON.parse(caBootstrapData(cas, NOW).reveal()) as Parameters<typeof checkContinuity>[0];
  const old = defaultCas();
  const rotated = makeRotatedCas(old, NOW);
  const own = makeCasBelow({ ...makeRoot('Example Root', NOW), above: [] }, NOW);

  it('is passed by CAs that the present ones signed, time after time', () => {
    const again = makeRotatedCas(rotated, LATER);
    for (const [before, after] of [
      [old, rotated],
      [rotated, again],
      [old, crossSignCas(own, old, NOW)],
      [rotated, crossSignCas(own, rotated, NOW)],
      [own, makeRotatedCas(own, NOW)],
      [old, old],
    ] as const)
      expect(() => checkContinuity(data(before), data(after))).not.toThrow();
  });

  it('is failed by others, as `leadsTo` says beforehand', () => {
    for (const after of [own, defaultCas()]) {
      expect(() => checkContinuity(data(old), data(after))).toThrow(/ServerCA: new CA/);
      expect(leadsTo(after.cas['server-ca'].certificates, old.cas['server-ca'].certificates, LATER)).toBe(
        false,
      );
    }
  });
});
