import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHost } from '../../src/host/host.ts';
import { parseCertificateFiles, readCertificates } from '../../src/host/read-certificates.ts';
import { readHealth } from '../../src/host/read-health.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { makeAuthority, makeLeaf } from '../support/make-certificates.ts';
import { SHELLS } from '../support/shells.ts';

const DAY = 86_400_000;
const authority = makeAuthority('rke2-server-ca@1');
const rsa = makeAuthority('rke2-client-ca@1', 'rsa');
const leaf = makeLeaf(authority, 'kube-apiserver', { days: 200 });
const client = makeLeaf(rsa, 'system:admin', { kind: 'rsa', usage: 'client' });
const listener = makeLeaf(authority, 'rke2');

let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rke2ctl certificates '));
  const put = (path: string, text: string) => {
    mkdirSync(join(dataDir, path, '..'), { recursive: true });
    writeFileSync(join(dataDir, path), text);
  };
  put('server/tls/server-ca.crt', authority.certificate);
  put('server/tls/server-ca.key', authority.key);
  put('server/tls/serving-kube-apiserver.crt', leaf.pem.trimEnd());
  put('server/tls/client-admin.crt', client.pem);
  // By hand: a key in the same file, one behind a block that was cut off, and no certificate at all.
  put('server/tls/etcd/client.crt', `${leaf.key}${leaf.pem}${leaf.key}`);
  put('server/tls/etcd/server-client.crt', `${leaf.pem.slice(0, 300)}\n${leaf.key}`);
  put('server/tls/etcd/empty.crt', '');
  put('server/tls/temporary-certs/apiserver-loopback-client__.crt', leaf.pem);
  put('agent/serving-kubelet.crt', leaf.pem.replaceAll('\n', '\r\n'));
  const data = { 'tls.crt': btoa(listener.pem), 'tls.key': btoa(listener.key) };
  put('server/tls/dynamic-cert.json', JSON.stringify({ kind: 'Secret', data }));
});

afterAll(() => rmSync(dataDir, { recursive: true }));

describe.each(SHELLS)('the certificates of a host with %s', (_name, shell) => {
  const host = () => createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });

  it('do not hide the snapshots beside them, though the last file ends without an end of line', async () => {
    mkdirSync(join(dataDir, 'server/db/snapshots'), { recursive: true });
    writeFileSync(join(dataDir, 'server/db/snapshots/nightly-node1-1790000000'), 'etcd');
    const { snapshots } = await readHealth(host(), { api: false, etcd: false, dataDir });
    expect(snapshots.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['nightly-node1-1790000000', 4],
    ]);
  });

  it('are read from every file, EC and RSA, leaf and authority', async () => {
    const { files, clockOffsetMs } = await readCertificates(host(), { dataDir });
    expect(Math.abs(clockOffsetMs)).toBeLessThan(2_000);
    const seen = files.map(({ path, certificates, unreadable }) => [
      path.slice(dataDir.length + 1),
      certificates.map(({ subject }) => subject),
      unreadable,
    ]);
    const api = 'CN=kube-apiserver, O=system:masters';
    expect(seen).toEqual([
      ['server/tls/client-admin.crt', ['CN=system:admin, O=system:masters', 'CN=rke2-client-ca@1'], 0],
      ['server/tls/server-ca.crt', ['CN=rke2-server-ca@1'], 0],
      ['server/tls/serving-kube-apiserver.crt', [api, 'CN=rke2-server-ca@1'], 0],
      ['server/tls/etcd/client.crt', [api, 'CN=rke2-server-ca@1'], 0],
      ['server/tls/etcd/empty.crt', [], 0],
      ['server/tls/etcd/server-client.crt', [], 1],
      ['agent/serving-kubelet.crt', [api, 'CN=rke2-server-ca@1'], 0],
      ['server/tls/dynamic-cert.json', ['CN=rke2, O=system:masters', 'CN=rke2-server-ca@1'], 0],
    ]);
    const [first, ca] = files.find(({ path }) => path.endsWith('/client-admin.crt'))?.certificates ?? [];
    expect(first).toMatchObject({
      issuer: 'CN=rke2-client-ca@1',
      usages: ['ClientAuth'],
      isAuthority: false,
      serial: openssl(client.pem, '-serial').replace('serial=', ''),
      fingerprint: openssl(client.pem, '-fingerprint', '-sha256')
        .replace(/^.*=/, '')
        .replaceAll(':', '')
        .toLowerCase(),
    });
    expect(ca).toMatchObject({ usages: ['CertSign'], isAuthority: true });
    const api200 = files.find(({ path }) => path.endsWith('apiserver.crt'))?.certificates[0];
    expect(Math.round(((api200?.notAfter ?? 0) - Date.now()) / DAY)).toBe(200);
  });

  it('come without a line of any key', async () => {
    const said: string[] = [];
    const keeping = host();
    const spying = {
      ...keeping,
      run: async (...words: Parameters<typeof keeping.run>) => {
        const result = await keeping.run(...words);
        said.push(result.stdout, result.stderr);
        return result;
      },
    };
    await readCertificates(spying, { dataDir });
    const text = said.join('\n');
    expect(text).toContain('BEGIN CERTIFICATE');
    const pairs = [leaf, client, listener].map(({ pem, key }) => [pem, key] as const);
    for (const [pem, key] of [...pairs, [authority.certificate, authority.key]] as const) {
      const parts = key.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
      // A key holds its public half as well, which may stand in the certificate in the very same letters.
      const lines = parts.filter((line) => !pem.includes(line));
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(text).not.toContain(line);
      expect(text).not.toContain(btoa(key).slice(0, 40));
    }
  });

  it('are none where RKE2 never was', async () => {
    const { files } = await readCertificates(host(), { dataDir: '/nonexistent' });
    expect(files).toEqual([]);
  });
});

describe('what is no answer of ours', () => {
  it('is no file', () => {
    expect(parseCertificateFiles('')).toEqual([]);
    expect(parseCertificateFiles('welcome\n')).toEqual([]);
  });
});

function openssl(pem: string, ...words: readonly string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...words], { input: pem, encoding: 'utf8' }).trim();
}
