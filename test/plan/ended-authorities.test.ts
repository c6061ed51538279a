import { describe, expect, it } from 'vitest';
import type { CertificateFacts, CertificateFile } from '../../src/domain/certificates.ts';
import { endedAuthorities, explainEnded, leadsToRoot } from '../../src/plan/ended-authorities.ts';

const NOW = Date.parse('2036-11-21T12:00:00Z');
const DAY = 86_400_000;
const DATA = '/var/lib/rancher/rke2';

/** An authority of this name, signed by that one, that ends in so many days. */
function ca(subject: string, issuer: string, days: number): CertificateFacts {
  return {
    subject: `CN=${subject}`,
    issuer: `CN=${issuer}`,
    usages: ['CertSign'],
    serial: '01',
    fingerprint: `${subject} by ${issuer}`,
    isAuthority: true,
    notBefore: NOW - 3650 * DAY,
    notAfter: NOW + days * DAY,
  };
}

const file = (name: string, ...certificates: readonly CertificateFacts[]): CertificateFile => ({
  path: `${DATA}/server/tls/${name}.crt`,
  certificates,
  unreadable: 0,
});
const ended = (...files: readonly CertificateFile[]) => endedAuthorities(files, { dataDir: DATA, now: NOW });

/** As a rotation leaves a CA: below a root of its own, which the old one signed as well. */
const rotated = (oldDays: number) => [
  ca('new', 'new-root', 3000),
  ca('new-root', 'old', oldDays),
  ca('new-root', 'new-root', 3000),
  ca('old', 'old', oldDays),
];

describe('an authority', () => {
  it('has ended with its own certificate, or with the last root it is led to', () => {
    expect(ended(file('server-ca', ca('a', 'a', 1)), file('client-ca', ca('b', 'b', -1)))).toMatchObject([
      { name: 'client-ca', subject: 'CN=b' },
    ]);
    expect(ended(file('etcd/peer-ca', ca('a', 'root', 1), ca('root', 'root', -2)))).toMatchObject([
      { name: 'etcd/peer-ca', subject: 'CN=a', notAfter: NOW - 2 * DAY },
    ]);
  });

  it('lives on when the old root beside the new one ends', () => {
    expect(ended(file('server-ca', ...rotated(-1)))).toEqual([]);
    expect(leadsToRoot(rotated(20), NOW, 'old by old')).toBe(true);
    expect(leadsToRoot(rotated(20), NOW, 'new-root by old')).toBe(true);
    expect(leadsToRoot(rotated(-1), NOW, 'new-root by new-root')).toBe(false);
  });

  it('is taken to be led by a root that lies elsewhere, but not for the word of nobody', () => {
    expect(ended(file('server-ca', ca('a', 'elsewhere', 1)))).toEqual([]);
    expect(leadsToRoot([ca('a', 'elsewhere', 1)], NOW, 'b by b')).toBe(false);
  });

  it('is looked for in its own file alone', () => {
    expect(ended(file('serving-kube-apiserver', ca('b', 'b', -1)))).toEqual([]);
  });
});

describe('the way out', () => {
  it('is by the clock where RKE2 itself is not believed, force or not', () => {
    const refusal = explainEnded(ended(file('server-ca', ca('a', 'a', -1))), true);
    expect(refusal?.message).toBe(
      'The CA of this cluster (server-ca) ended on 2036-11-20: nobody believes what it signed, or would sign now. Nothing was changed.',
    );
    expect(refusal?.hint).toContain("date -u -s '2036-11-19 12:00'");
    expect(refusal?.hint).toContain('rke2ctl cert rotate --rotate-ca');
  });

  it('is force where it only cannot vouch for others', () => {
    const authorities = ended(
      file('client-ca', ca('a', 'a', -1)),
      file('request-header-ca', ca('b', 'b', -9)),
    );
    expect(explainEnded(authorities, false)).toMatchObject({
      message: expect.stringMatching(
        /^CAs of this cluster \(client-ca, request-header-ca\) ended on 2036-11-12/,
      ),
      hint: expect.stringContaining('--rotate-ca --force'),
    });
    expect(explainEnded(authorities, true)).toBeNull();
  });

  it('is not needed while none has ended', () => {
    expect(explainEnded([], false)).toBeNull();
  });
});
