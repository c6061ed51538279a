import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostKeyError } from '../../src/domain/errors.ts';
import { createBench, failureOf, whoami } from './bench.ts';
import type { Keys, Sshd } from './sshd.ts';

/** Whom we talk to: first contacts, changed, revoked and vouched-for host keys. */
export function describeHostKeyChecks(client: 'ssh2' | 'openssh', keys: Keys): void {
  const bench = createBench(client, keys);
  let sshd: Sshd;
  beforeAll(async () => {
    keys.make('host-rsa', '-t', 'rsa', '-b', '2048', '-N', '');
    sshd = await bench.serve();
  });
  afterAll(() => bench.close());

  describe(`${client}: host keys`, () => {
    it('pins a first contact (0600) and knows it the next time', async () => {
      const knownHosts = join(keys.directory, `known-first-${client}`);
      const server = await bench.serve({ hostKeys: ['host', 'host-rsa'] });
      const transport = bench.open({ sshd: server, settings: { knownHosts } });
      await transport.connect();
      const text = readFileSync(knownHosts, 'utf8');
      expect(text).toMatch(new RegExp(`^\\[127\\.0\\.0\\.1\\]:${server.port} ssh-ed25519 `));
      expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
      await bench.open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } }).connect();
      expect(readFileSync(knownHosts, 'utf8')).toBe(text);
      const shown = execFileSync('ssh-keygen', ['-lf', `${keys.make('host')}.pub`], { encoding: 'utf8' });
      expect(shown).toContain(transport.hostKey);
    });

    it('does not call a host changed that has another key type on record', async () => {
      const knownHosts = join(keys.directory, `known-type-${client}`);
      const server = await bench.serve({ hostKeys: ['host', 'host-rsa'] });
      const [type, key] = readFileSync(`${keys.make('host-rsa')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${type} ${key}\n`);
      expect(await whoami(bench.open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } }))).toBe(
        'root',
      );
    });

    it('refuses an unknown host under strict, with the fingerprint', async () => {
      const knownHosts = join(keys.directory, `known-none-${client}`);
      const error = await failureOf(bench.open({ sshd, settings: { knownHosts, hostKeys: 'strict' } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toMatch(/SHA256:\S{43}/);
      expect(error.hint).toContain('accept-new');
      expect(existsSync(knownHosts)).toBe(false);
    });

    it('stops at a changed key with both fingerprints, the line, and the mend', async () => {
      const knownHosts = join(keys.directory, `known-changed-${client}`);
      const [type, key] = readFileSync(`${keys.make('other-host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `# mine\n[127.0.0.1]:${sshd.port} ${type} ${key}\n`);
      const error = await failureOf(bench.open({ sshd, settings: { knownHosts } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message.match(/SHA256:\S{43}/g)).toHaveLength(2);
      expect(error.message).toContain(`${knownHosts}:2`);
      expect(error.message).toContain('replaced');
      expect(error.message).toContain('somebody stands between');
      const mend = /`(ssh-keygen -f [^`]*)`/.exec(error.hint)?.[1] ?? '';
      execFileSync('/bin/sh', ['-c', mend], { stdio: 'ignore' });
      expect(await whoami(bench.open({ sshd, settings: { knownHosts } }))).toBe('root');
    });

    it('refuses a revoked key', async () => {
      const knownHosts = join(keys.directory, `known-revoked-${client}`);
      const [type, key] = readFileSync(`${keys.make('host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `@revoked * ${type} ${key}\n`);
      const error = await failureOf(bench.open({ sshd, settings: { knownHosts } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toContain('revoked');
    });

    it('trusts a host whose key an authority on record has signed', async () => {
      const knownHosts = join(keys.directory, `known-ca-${client}`);
      const ca = keys.make('host-ca');
      const host = keys.make('host-signed');
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'test', '-h', '-n', '127.0.0.1', `${host}.pub`]);
      const server = await bench.serve({
        hostKeys: ['host-signed'],
        config: [`HostCertificate ${host}-cert.pub`],
      });
      const authority = readFileSync(`${ca}.pub`, 'utf8');
      writeFileSync(knownHosts, `@cert-authority [127.0.0.1]:${server.port} ${authority}`);
      const transport = bench.open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } });
      expect(await whoami(transport)).toBe('root');
    });
  });
}
