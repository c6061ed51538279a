import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { certGenerateCsr } from '../../src/cli/commands/cert-generate-csr.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { issueCa, makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { readCertificates, writePrivateKey } from '../../src/pki/pem.ts';
import { signCa } from '../../src/pki/sign-certificate.ts';
import { signByOpenssl } from '../pki/ca-directory.ts';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

const NOW = new Date();
const root = makeRoot('Example Root', NOW);
const NAMES = ['client-ca', 'etcd/peer-ca', 'etcd/server-ca', 'request-header-ca', 'server-ca'];
let site: string;
let certDir: string;
let said: string;

beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), 'rke2ctl-csr-'));
  certDir = join(site, 'ca');
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(site, { recursive: true, force: true });
});

const file = (name: string) => join(certDir, name);
const findings = () => listFindingsOf('certificates: {ca: ./ca}', { cwd: site });

function put(name: string, text: string): string {
  writeFileSync(join(site, name), text, { mode: 0o600 });
  return join(site, name);
}

/** What a person does with a request: sign it as that of a CA with OpenSSL. */
function signRequests(extensions: string): void {
  const ca = [
    '-CA',
    put('root.pem', root.certificate.toString()),
    '-CAkey',
    put('root.key', writePrivateKey(root.key)),
  ];
  const options = ['-req', '-days', '3650', '-sha256', '-CAcreateserial', '-extfile', put('ext', extensions)];
  for (const name of NAMES) {
    const paths = ['-in', file(`${name}.csr`), '-out', file(`${name}.crt`)];
    execFileSync('openssl', ['x509', ...options, ...ca, ...paths], { stdio: 'pipe' });
  }
  writeFileSync(file('root-ca.pem'), root.certificate.toString());
}

describe('cert generate-csr', () => {
  it('makes keys and requests for nobody else’s eyes, which OpenSSL takes as those of CAs', async () => {
    expect(await certGenerateCsr({ certDir, output: 'text' })).toBe(0);
    for (const name of NAMES) {
      const args = ['req', '-in', file(`${name}.csr`), '-verify', '-noout', '-text'];
      const text = execFileSync('openssl', args, { stdio: 'pipe' }).toString();
      expect(text).toMatch(/CA:TRUE/);
      expect(text).toMatch(/Digital Signature, Key Encipherment, Certificate Sign/);
      expect(text).toContain(`CN = rke2-${name.replace('/', '-')}@`);
    }
    const paths = readdirSync(certDir, { recursive: true }).map(String).toSorted();
    expect(paths).toEqual(
      ['etcd', 'service.key', ...NAMES.flatMap((name) => [`${name}.csr`, `${name}.key`])].toSorted(),
    );
    for (const path of paths) expect(statSync(file(path)).mode & 0o077).toBe(0);
    expect(said).toMatch(/etcd\/peer-ca\.csr +etcd\/peer-ca\.crt/);
    expect(said).not.toContain('PRIVATE KEY');
  });

  it('gives what `up` takes once the requests are signed', async () => {
    await certGenerateCsr({ certDir, output: 'text' });
    expect(findings()).toEqual(['error ca-file-missing certificates.ca']);
    signRequests(
      'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    expect(findings()).toEqual([]);
    const { files } = readClusterYml('certificates: {ca: ./ca}', { cwd: site });
    const chain = readCertificates(
      String(files.find(({ path }) => path.endsWith('/tls/server-ca.crt'))?.content),
    );
    expect(chain.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^CN=rke2-server-ca@/),
      'CN=Example Root',
    ]);
    said = '';
    await certGenerateCsr({ certDir, output: 'json' });
    expect(JSON.parse(said)).toMatchObject({ directory: certDir, written: [], requests: [] });
  });

  it('says what is wrong when they were not signed as those of CAs', async () => {
    await certGenerateCsr({ certDir, output: 'text' });
    signRequests('basicConstraints=CA:FALSE\n');
    expect(new Set(findings())).toEqual(new Set(['error ca-not-a-ca certificates.ca']));
  });

  it('run again makes no key anew, and what is missing', async () => {
    await certGenerateCsr({ certDir, output: 'text' });
    const before = readFileSync(file('client-ca.key'), 'utf8');
    rmSync(file('client-ca.csr'));
    rmSync(file('server-ca.key'));
    await certGenerateCsr({ certDir, output: 'text' });
    expect(readFileSync(file('client-ca.key'), 'utf8')).toBe(before);
    expect(existsSync(file('client-ca.csr'))).toBe(true);
    expect(existsSync(file('server-ca.key'))).toBe(true);
  });

  it('signs itself with a CA’s certificate and key: what it makes can be used at once', async () => {
    const key = newKey();
    const middle = issueCa('Example Intermediate', key, root, NOW);
    const caCert = put('middle.pem', `${middle}${root.certificate}`);
    const caKey = put('middle.key', writePrivateKey(key));
    expect(await certGenerateCsr({ certDir, caCert, caKey, output: 'json' })).toBe(0);
    expect(JSON.parse(said)).toMatchObject({ requests: [] });
    expect(findings()).toEqual([]);
    const [ca] = readCertificates(readFileSync(file('etcd/server-ca.crt'), 'utf8'));
    expect(ca?.checkIssued(middle) && ca.verify(middle.publicKey)).toBe(true);
    expect(new X509Certificate(readFileSync(file('root-ca.pem'))).subject).toBe('CN=Example Root');
    expect(existsSync(file('middle.key'))).toBe(false);
  });
});

describe('cert generate-csr with a CA writes nothing', () => {
  async function refused(caCert: string, caKey: string): Promise<string> {
    const error: unknown = await certGenerateCsr({ certDir, caCert, caKey, output: 'text' }).catch(
      (thrown) => thrown,
    );
    expect(existsSync(certDir)).toBe(false);
    return error instanceof ConfigError ? error.diagnostics.map(({ code }) => code).join() : String(error);
  }
  const rootCert = () => put('root.pem', root.certificate.toString());

  it('when one of the two files is not named, or not there', async () => {
    const run = certGenerateCsr({ certDir, caCert: rootCert(), output: 'text' });
    await expect(run).rejects.toThrow('--ca-cert goes with --ca-key');
    expect(await refused(rootCert(), join(site, 'none.key'))).toMatch(/none\.key cannot be read/);
  });

  it('when the key is another’s, or has a passphrase', async () => {
    expect(await refused(rootCert(), put('x.key', writePrivateKey(newKey())))).toBe('ca-key-mismatch');
    const sealed = root.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    expect(await refused(rootCert(), put('x.key', String(sealed)))).toBe('ca-unreadable');
  });

  it('when nothing leads to a root', async () => {
    const key = newKey();
    const middle = issueCa('Example Intermediate', key, root, NOW);
    expect(await refused(put('m.pem', middle.toString()), put('m.key', writePrivateKey(key)))).toBe(
      'ca-chain-broken',
    );
  });

  it('when the CA has ended, is none, or may have none below it', async () => {
    const key = newKey();
    const times = { notBefore: new Date(NOW.getTime() - 9e8), notAfter: new Date(NOW.getTime() - 1e8) };
    const ended = signCa({ subject: 'Old', publicKey: key, issuer: key, ...times });
    expect(await refused(put('o.pem', ended.toString()), put('o.key', writePrivateKey(key)))).toBe(
      'ca-expired',
    );
    for (const [extensions, code] of [
      ['basicConstraints=CA:FALSE\n', 'ca-not-a-ca'],
      ['basicConstraints=critical,CA:TRUE,pathlen:0\n', Array(5).fill('ca-path-length').join()],
    ] as const) {
      const own = newKey();
      const pem = signByOpenssl(root, { subject: 'Last', key: writePrivateKey(own), extensions });
      const files = [put('l.pem', `${pem}${root.certificate}`), put('l.key', writePrivateKey(own))] as const;
      expect(await refused(...files)).toBe(code);
    }
  });
});
