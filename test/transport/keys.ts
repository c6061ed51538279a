import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createTransport } from '../../src/transport/create-transport.ts';
import { findIdentities } from '../../src/transport/find-identities.ts';
import { createKeyRing } from '../../src/transport/key-ring.ts';
import { createBench, failureOf, whoami } from './bench.ts';
import { keyAuth, makeContext, makeNode } from './reach.ts';
import type { Keys, Sshd } from './sshd.ts';

/** Getting in: keys, passphrases, agents, certificates; and being told why not. */
export function describeKeys(client: 'ssh2' | 'openssh', keys: Keys): void {
  const bench = createBench(client, keys);
  let sshd: Sshd;
  beforeAll(async () => {
    keys.make('locked', '-t', 'ed25519', '-N', 'open sesame');
    keys.make('locked-pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'open sesame');
    keys.make('rsa', '-t', 'rsa', '-b', '2048', '-N', '');
    keys.make('ecdsa', '-t', 'ecdsa', '-N', '');
    sshd = await bench.serve({ authorized: ['user', 'locked', 'locked-pem', 'rsa', 'ecdsa'] });
  });
  afterAll(() => bench.close());

  describe(`${client}: keys`, () => {
    it.each(['user', 'rsa', 'ecdsa'])('logs in with the key %s', async (name) => {
      expect(await whoami(bench.open({ sshd, auth: keyAuth(keys.make(name)) }))).toBe('root');
    });

    it.each(['user', 'ecdsa'])('logs in with an inline key (%s)', async (name) => {
      const key = new Secret(readFileSync(keys.make(name), 'utf8'));
      expect(await whoami(bench.open({ sshd, auth: { ...keyAuth(), key } }))).toBe('root');
    });

    it.each(['locked', 'locked-pem'])('asks once for the passphrase of %s, for all hosts', async (name) => {
      const asked: string[] = [];
      const askPassphrase = async (path: string): Promise<Secret> => {
        asked.push(path);
        return new Secret('open sesame');
      };
      const options = { keys, client, sshd, auth: keyAuth(keys.make(name)), context: { askPassphrase } };
      const context = makeContext(options);
      const all = [1, 2, 3].map(() => createTransport(makeNode(options), context));
      for (const transport of all) bench.adopt(transport);
      expect(await Promise.all(all.map(whoami))).toEqual(['root', 'root', 'root']);
      expect(asked).toEqual([keys.make(name)]);
    });

    it('asks for no passphrase of a key that the host does not want', async () => {
      const other = await bench.serve({ authorized: ['user'] });
      const asked: string[] = [];
      const askPassphrase = async (path: string): Promise<null> => {
        asked.push(path);
        return null;
      };
      const auth = keyAuth(keys.make('locked'), keys.make('user'));
      expect(await whoami(bench.open({ sshd: other, auth, context: { askPassphrase } }))).toBe('root');
      expect(asked).toEqual([]);
    });

    it('says what to do about a passphrase that nobody can be asked for', async () => {
      const error = await failureOf(bench.open({ sshd, auth: keyAuth(keys.make('locked')) }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(`${keys.make('locked')} is encrypted`);
      expect(error.hint).toContain('RKE2CTL_KEY_PASSPHRASE_FILE');
    });

    it('asks three times for a passphrase and then says that it is wrong', async () => {
      let asked = 0;
      const askPassphrase = async (): Promise<Secret> => new Secret(`wrong ${asked++}`);
      const auth = keyAuth(keys.make('locked'));
      const error = await failureOf(bench.open({ sshd, auth, context: { askPassphrase } }));
      expect(error.message).toContain('The passphrase does not open');
      expect(asked).toBe(3);
    });

    it('logs in with the agent, and prefers it to an encrypted file of the same key', async () => {
      const socket = join(keys.directory, `agent-${client}`);
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      try {
        while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
        const env = { ...process.env, SSH_AUTH_SOCK: socket, DISPLAY: ':0', SSH_ASKPASS_REQUIRE: 'force' };
        const askpass = join(keys.directory, `askpass-${client}`);
        writeFileSync(askpass, '#!/bin/sh\necho open sesame\n', { mode: 0o700 });
        execFileSync('ssh-add', ['-q', keys.make('locked')], { env: { ...env, SSH_ASKPASS: askpass } });
        const context = { env: { SSH_AUTH_SOCK: socket } };
        expect(await whoami(bench.open({ sshd, auth: { ...keyAuth(), agent: 'required' }, context }))).toBe(
          'root',
        );
        expect(await whoami(bench.open({ sshd, auth: keyAuth(keys.make('locked')), context }))).toBe('root');
        const auth = { ...keyAuth(keys.make('user'), keys.make('ecdsa')), keyPathsAreDefaults: true };
        const sources = { keyRing: createKeyRing(undefined), agentSocket: socket };
        const { usable } = await findIdentities(auth, sources);
        // The first default file, the agent, the other default files.
        expect(usable.map((identity) => identity.path)).toEqual([
          keys.make('user'),
          null,
          keys.make('ecdsa'),
        ]);
      } finally {
        const gone = once(agent, 'exit');
        agent.kill();
        await gone;
      }
    });

    it('says that there is no agent where one is asked for', async () => {
      const error = await failureOf(bench.open({ sshd, auth: { ...keyAuth(), agent: 'required' } }));
      expect(error.message).toContain('SSH_AUTH_SOCK');
    });

    it('lists the keys that were refused', async () => {
      const error = await failureOf(bench.open({ sshd, auth: keyAuth(keys.make('stranger')) }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(keys.make('stranger'));
      expect(error.hint).toContain('ssh-copy-id');
    });
  });

  describe(`${client}: a key that is not there`, () => {
    it('is named', async () => {
      const error = await failureOf(bench.open({ sshd, auth: keyAuth('/nonexistent/key') }));
      expect(error).toMatchObject({ code: 'ssh-key-missing' });
      expect(error.message).toContain('There is no key file /nonexistent/key');
    });
  });

  describe.runIf(client === 'ssh2')(`${client}: keys that cannot be used`, () => {
    it('passes over default keys that are not there', async () => {
      const auth = { ...keyAuth('/nonexistent/id_rsa', keys.make('user')), keyPathsAreDefaults: true };
      expect(await whoami(bench.open({ sshd, auth }))).toBe('root');
    });

    it('names the mend of a PKCS#8 key, which makes it work', async () => {
      const path = join(keys.directory, 'pkcs8');
      execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', '-out', path], { stdio: 'ignore' });
      execFileSync('chmod', ['600', path]);
      const error = await failureOf(bench.open({ sshd, auth: keyAuth(path) }));
      expect(error).toMatchObject({ code: 'ssh-key-pkcs8' });
      const mend = /`(ssh-keygen -p -f [^`]*)`/.exec(error.hint)?.[1] ?? '';
      execFileSync('/bin/sh', ['-c', `${mend} -N ''`], { stdio: 'ignore' });
      const after = await failureOf(bench.open({ sshd, auth: keyAuth(path) }));
      expect(after.message).toContain('Refused were'); // offered now, only not authorized
    });

    it('says that a file holds a public key, or none', async () => {
      const error = await failureOf(bench.open({ sshd, auth: keyAuth(`${keys.make('user')}.pub`) }));
      expect(error).toMatchObject({ code: 'ssh-key-public' });
      const other = await failureOf(bench.open({ sshd, auth: keyAuth('/etc/hostname') }));
      expect(other).toMatchObject({ code: 'ssh-key-unsupported' });
    });

    it('says that a file is only a part of a key', async () => {
      const path = join(keys.directory, 'cut-off');
      writeFileSync(path, readFileSync(keys.make('user'), 'utf8').slice(0, -60), { mode: 0o600 });
      const error = await failureOf(bench.open({ sshd, auth: keyAuth(path) }));
      expect(error).toMatchObject({ code: 'ssh-key-cut-off' });
      expect(error.message).toContain(path);
    });

    it('says that the host hung up after too many keys', async () => {
      const server = await bench.serve({ config: ['MaxAuthTries 2'] });
      const auth = keyAuth(...['a', 'b', 'c', 'd'].map((name) => keys.make(`stranger-${name}`)));
      const error = await failureOf(bench.open({ sshd: server, auth }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain('too many keys');
    });

    it('says that a host takes no keys at all', async () => {
      const config = ['PubkeyAuthentication no', 'PasswordAuthentication yes'];
      const error = await failureOf(bench.open({ sshd: await bench.serve({ config }) }));
      expect(error.message).toContain('takes no keys at all, only password');
    });
  });

  describe(`${client}: certificates`, () => {
    it.each(['path', 'text'])('logs in with an OpenSSH certificate given as %s', async (form) => {
      const ca = keys.make('user-ca');
      const user = keys.make(`certified-${form}`);
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'test', '-n', 'root', `${user}.pub`]);
      const server = await bench.serve({ authorized: ['stranger'], config: [`TrustedUserCAKeys ${ca}.pub`] });
      const certificatePath = join(keys.directory, `moved-${form}-cert.pub`);
      execFileSync('mv', [`${user}-cert.pub`, certificatePath]);
      const auth =
        form === 'path'
          ? { ...keyAuth(user), certificatePath }
          : { ...keyAuth(user), certificate: readFileSync(certificatePath, 'utf8') };
      expect(await whoami(bench.open({ sshd: server, auth }))).toBe('root');
    });
  });
}
