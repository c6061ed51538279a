import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SshAuth } from '../../src/domain/cluster.ts';
import { readSshConfig } from '../../src/transport/read-ssh-config.ts';
import { routeTo } from '../../src/transport/ssh-config.ts';

const auth: SshAuth = {
  key: null,
  keyPaths: ['/home/op/.ssh/id_rsa'],
  keyPathsAreDefaults: true,
  certificate: null,
  certificatePath: null,
  agent: 'auto',
};
const route = (text: string, node: object = {}, bastions: object[] = []) => {
  const base = { address: 'node', port: 22, user: 'op', auth };
  const all = bastions.map((it) => ({ ...base, ...it }));
  return routeTo({ ...base, ...node }, all, { text, home: '/home/op', currentUser: 'op' });
};

describe('routeTo', () => {
  it('leaves everything as it is where ssh_config says nothing', () => {
    expect(route('').host).toMatchObject({
      target: 'op@node:22',
      address: 'node',
      port: 22,
      user: 'op',
      hostKeyName: 'node',
    });
    expect(route('')).toMatchObject({ bastions: [], needsOpenssh: null });
  });

  it('takes HostName, Port, User and IdentityFile for what the cluster file left open', () => {
    const text = 'Host node\n  HostName 10.1.2.3\n  port=2222\n  User ops\n  IdentityFile ~/.ssh/work\n';
    expect(route(text).host).toMatchObject({
      target: 'ops@node:2222',
      address: '10.1.2.3',
      port: 2222,
      user: 'ops',
      hostKeyName: '[10.1.2.3]:2222',
      auth: { keyPaths: ['/home/op/.ssh/work'], keyPathsAreDefaults: true },
    });
  });

  it('lets explicit values win', () => {
    const text = 'Host *\n  Port 2222\n  User ops\n  IdentityFile /other\n  ProxyJump hop\n';
    const explicit = {
      port: 2022,
      user: 'admin',
      auth: { ...auth, keyPaths: ['/mine'], keyPathsAreDefaults: false },
    };
    const found = route(text, explicit, [{ address: 'bastion', port: 2023, user: 'jump' }]);
    expect(found.host).toMatchObject({ port: 2022, user: 'admin', auth: { keyPaths: ['/mine'] } });
    expect(found.bastions.map((it) => it.target)).toEqual(['jump@bastion:2023']);
  });

  it('follows ProxyJump chains, each hop with its own block', () => {
    const text = [
      'Host node\n  ProxyJump first,root@[fd00::2]:2200',
      'Host first\n  HostName 192.0.2.1\n  User jump\n  ProxyJump zero',
      'Host zero\n  Port 24',
    ].join('\n');
    expect(route(text).bastions.map((it) => [it.target, it.address])).toEqual([
      ['op@zero:24', 'zero'],
      ['jump@first:22', '192.0.2.1'],
      ['root@[fd00::2]:2200', 'fd00::2'],
    ]);
  });

  it('does not run in circles', () => {
    expect(route('Host *\n  ProxyJump hop').bastions.length).toBeLessThan(20);
  });

  it('takes ProxyJump none as none, and expands tokens', () => {
    const text = 'Host node\n  ProxyJump none\n  HostName %h.example.org\n  IdentityFile %d/keys/%r-%h\n';
    expect(route(text)).toMatchObject({
      bastions: [],
      host: { address: 'node.example.org', auth: { keyPaths: ['/home/op/keys/op-node.example.org'] } },
    });
  });

  it('uses HostKeyAlias as the name in known_hosts, in small letters as OpenSSH does', () => {
    expect(route('Host node\n  HostKeyAlias Cluster\n  Port 2200').host.hostKeyName).toBe('cluster');
  });

  it.each([
    ['Host node\n  ProxyCommand nc %h %p', /proxycommand/],
    ['Host node\n  CertificateFile ~/c-cert.pub', /certificatefile/],
    ['Host *\n  IdentityAgent ~/.1password/agent.sock', /identityagent/],
    ['Match host node exec "true"\n  Port 23', /Match exec/],
  ])('leaves to OpenSSH what ssh2 cannot do: %s', (text, reason) => {
    expect(route(text).needsOpenssh).toMatch(reason);
  });

  it('leaves a host with a certificate of its own to OpenSSH', () => {
    expect(route('', { auth: { ...auth, certificatePath: '/c-cert.pub' } }).needsOpenssh).toMatch(
      /certificate/,
    );
    expect(route('', {}, [{ auth: { ...auth, certificate: 'x' } }]).needsOpenssh).toMatch(/certificate/);
  });

  it('does not need OpenSSH for ProxyCommand none', () => {
    expect(route('Host *\n  ProxyCommand none').needsOpenssh).toBeNull();
  });
});

describe('readSshConfig', () => {
  const home = mkdtempSync(join(tmpdir(), 'rke2ctl-home-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('reads included files in their place and goes on with the block around them', () => {
    const ssh = join(home, '.ssh');
    mkdirSync(join(ssh, 'conf.d'), { recursive: true });
    writeFileSync(
      join(ssh, 'config'),
      'Host node\n  Include conf.d/*.conf\n  User ops\nHost *\n  Port 2200\n',
    );
    writeFileSync(join(ssh, 'conf.d', 'a.conf'), 'Host other\n  User wrong\n');
    writeFileSync(join(ssh, 'conf.d', 'b.txt'), 'Port 1\n');
    writeFileSync(join(home, 'system'), 'Port 9\nUser nobody\n');
    const text = readSshConfig(home, join(home, 'system'));
    expect(route(text).host).toMatchObject({ user: 'ops', port: 2200 });
    expect(route(text, { address: 'third' }).host).toMatchObject({ user: 'nobody', port: 2200 });
  });

  it('is empty where there are no files, and ends where files include each other', () => {
    expect(route(readSshConfig(join(home, 'nowhere'), '/nonexistent')).host.port).toBe(22);
    writeFileSync(join(home, 'loop'), `Include ${join(home, 'loop')}\nPort 2300\n`);
    expect(route(readSshConfig(join(home, 'nowhere'), join(home, 'loop'))).host.port).toBe(2300);
  });
});
