import { describe, expect, it } from 'vitest';
import { maskEnvironmentFile, maskForms, maskYamlFile } from '../../src/config/mask-found.ts';

const TOKEN = `K10${'0a'.repeat(32)}::server:abcdef0123456789`;
const KEY = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPlanted\n-----END EC PRIVATE KEY-----';

describe('any text', () => {
  it.each([
    ['a URL', 'GET https://user:hunter22@host/path', 'hunter22'],
    ['a full token', `joining with ${TOKEN}`, TOKEN],
    ['a private key', `x\n${KEY}\ny`, 'MHcCAQEEIPlanted'],
    ['a key that is cut off', KEY.slice(0, 45), 'MHcCAQEEIPl'],
    ['a header', 'Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
    ['another header', '"authorization": "Basic dXNlcjpwYXNz"', 'dXNlcjpwYXNz'],
    ['a web token', 'token eyJhbGciOiJSUzI1.eyJpc3MiOiJr.c2lnbmF0dXJl', 'eyJhbGciOiJSUzI1'],
    ['a flag', '--etcd-s3-secret-key=abcDEF123456', 'abcDEF123456'],
    ['a field of JSON', '{"password":"correct-horse"}', 'correct-horse'],
    ['a line of YAML', 'adminPassword: correct-horse', 'correct-horse'],
    ['an encoded key', 'client-key-data: LS0tLS1CRUdJTg==', 'LS0tLS1CRUdJTg=='],
  ])('%s', (_what, text, secret) => {
    const masked = maskForms(text);
    expect(masked.text).not.toContain(secret);
    expect(masked.text).toContain('[secret]');
    expect(masked.found.join('\n')).toContain(secret);
  });

  it.each([
    'token-file: /etc/rancher/rke2/server-token',
    '--anonymous-auth=false',
    'Secret "kube-system/rke2ctl-state" was read',
    'CriticalAddonsOnly=true:NoExecute',
    'https://10.0.0.1:6443/healthz',
    'service-account-key-file=/var/lib/rancher/rke2/server/tls/service.key',
  ])('leaves %s', (text) => expect(maskForms(text)).toEqual({ text, found: [] }));
});

describe('a YAML file', () => {
  const of = (text: string) => maskYamlFile(text) ?? { text: 'unreadable', found: [] };

  it('loses what is secret by its name, however it is written, and its comments', () => {
    const { text, found } = of(
      [
        '# was: hunter-old',
        'token: hunter-1',
        'configs: {"reg.example": {auth: {username: me, password: "hunter-2"}}}',
        'kube-apiserver-arg: ["oidc-client-secret=hunter-3", "audit-log-maxage=30"]',
        'etcd-s3-access-key: |',
        '  hunter-4',
        'tokens: [hunter-5, {x: hunter-6}]',
        'token-file: /etc/rancher/rke2/server-token # hunter-7',
        'etcd-s3-config-secret: where-it-is',
      ].join('\n'),
    );
    expect(text).not.toContain('hunter');
    for (const kept of ['username: me', 'audit-log-maxage=30', 'token-file: /etc/rancher', 'where-it-is'])
      expect(text).toContain(kept);
    for (const secret of ['hunter-1', 'hunter-2', 'hunter-3', 'hunter-5', 'hunter-6'])
      expect(found).toContain(secret);
  });

  it('loses the data of Secrets, and what they decode to is known', () => {
    const { text, found } = of(
      `kind: ConfigMap\ndata: {a: open}\n---\nkind: Secret\ndata: {a: ${btoa('hunter-8')}}\nstringData: {b: hunter-9}\n`,
    );
    expect(text).not.toMatch(/hunter|aHVudGVy/);
    expect(text).toContain('a: open');
    expect(found).toEqual(expect.arrayContaining(['hunter-8', 'hunter-9']));
  });

  it('is none at all when it cannot be read', () => expect(maskYamlFile('a: [b\nc: }')).toBeNull());

  it('takes JSON and empty files', () => {
    expect(of('{"token": "hunter-1", "a": 1}').text).toMatch(/"token": *"?\[secret\]"?/);
    expect(of('').text.trim()).toBe('');
  });
});

describe('an environment file', () => {
  it('keeps names, and values of what is known to be harmless', () => {
    const { text, found } = maskEnvironmentFile(
      '# PW=hunter-old\nHTTPS_PROXY=http://me:hunter-1@proxy:3128\nMYSQL_PWD=hunter-2\nexport ANYTHING="hunter-three"\nPATH=/bin\n',
    );
    expect(text).not.toContain('hunter');
    expect(text).toContain('HTTPS_PROXY=http://me:[secret]@proxy:3128');
    expect(text).toContain('ANYTHING=[secret]');
    expect(text).toContain('PATH=/bin');
    expect(found).toEqual(expect.arrayContaining(['hunter-1', 'hunter-2', 'hunter-three']));
  });

  it('is the same in a drop-in of a unit', () => {
    const { text } = maskEnvironmentFile(
      '[Service]\nEnvironment="A=hunter-one" B=hunter-two PATH=/bin\nRestart=always\n',
    );
    expect(text).not.toContain('hunter');
    expect(text).toContain('PATH=/bin');
    expect(text).toContain('Restart=always');
  });
});
