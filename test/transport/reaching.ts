import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rke2ctlError } from '../../src/domain/errors.ts';
import { AuthError, ConnectError, HostKeyError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createTransport } from '../../src/transport/create-transport.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { asBastion, keyAuth, makeContext, makeNode, reach } from './reach.ts';
import { type Keys, type Sshd, startSshd } from './sshd.ts';

/** Getting in: keys, agents, passphrases, host keys, bastions, addresses; and being told why not. */
export function describeReaching(client: 'ssh2' | 'openssh', keys: Keys): void {
  const transports: Transport[] = [];
  const servers: Sshd[] = [];
  const serve = async (options: Partial<Parameters<typeof startSshd>[0]> = {}): Promise<Sshd> => {
    const sshd = await startSshd({ keys, ...options });
    servers.push(sshd);
    return sshd;
  };
  const open = (options: Omit<Parameters<typeof reach>[0], 'keys' | 'client'>): Transport => {
    const transport = reach({ keys, client, ...options });
    transports.push(transport);
    return transport;
  };
  const whoami = async (transport: Transport): Promise<string> => {
    await transport.connect();
    return (await transport.run({ command: 'id -un' })).stdout.trim();
  };
  const failure = async (transport: Transport): Promise<Rke2ctlError> => {
    const outcome = await transport.connect().then(
      () => 'it connected',
      (error: unknown) => error,
    );
    if (outcome instanceof Error && 'hint' in outcome) return outcome as Rke2ctlError;
    throw new Error(`expected one of our errors, got ${String(outcome)}`);
  };
  const file = (name: string, text = ''): string => {
    const path = join(keys.directory, name);
    if (text !== '' || !existsSync(path)) writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  let sshd: Sshd;

  beforeAll(async () => {
    keys.make('locked', '-t', 'ed25519', '-N', 'open sesame');
    keys.make('locked-pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'open sesame');
    keys.make('rsa', '-t', 'rsa', '-b', '2048', '-N', '');
    keys.make('host-rsa', '-t', 'rsa', '-b', '2048', '-N', '');
    keys.make('ecdsa', '-t', 'ecdsa', '-N', '');
    sshd = await serve({ authorized: ['user', 'locked', 'locked-pem', 'rsa', 'ecdsa'] });
  });
  afterAll(async () => {
    for (const transport of transports) await transport.close();
    for (const server of servers) await server.stop();
  });

  describe(`${client}: keys`, () => {
    it.each(['user', 'rsa', 'ecdsa'])('logs in with the key %s', async (name) => {
      expect(await whoami(open({ sshd, auth: keyAuth(keys.make(name)) }))).toBe('root');
    });

    it.each(['user', 'ecdsa'])('logs in with an inline key (%s)', async (name) => {
      const key = new Secret(readFileSync(keys.make(name), 'utf8'));
      expect(await whoami(open({ sshd, auth: { ...keyAuth(), key } }))).toBe('root');
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
      transports.push(...all);
      expect(await Promise.all(all.map(whoami))).toEqual(['root', 'root', 'root']);
      expect(asked).toEqual([keys.make(name)]);
    });

    it('asks for no passphrase of a key that the host does not want', async () => {
      const other = await serve({ authorized: ['user'] });
      const asked: string[] = [];
      const askPassphrase = async (path: string): Promise<null> => {
        asked.push(path);
        return null;
      };
      const auth = keyAuth(keys.make('locked'), keys.make('user'));
      expect(await whoami(open({ sshd: other, auth, context: { askPassphrase } }))).toBe('root');
      expect(asked).toEqual([]);
    });

    it('says what to do about a passphrase that nobody can be asked for', async () => {
      const error = await failure(open({ sshd, auth: keyAuth(keys.make('locked')) }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(`${keys.make('locked')} is encrypted`);
      expect(error.hint).toContain('RKE2CTL_KEY_PASSPHRASE_FILE');
    });

    it('asks three times for a passphrase and then says that it is wrong', async () => {
      let asked = 0;
      const askPassphrase = async (): Promise<Secret> => new Secret(`wrong ${asked++}`);
      const auth = keyAuth(keys.make('locked'));
      const error = await failure(open({ sshd, auth, context: { askPassphrase } }));
      expect(error.message).toContain('The passphrase does not open');
      expect(asked).toBe(3);
    });

    it('logs in with the agent, and prefers it to an encrypted file of the same key', async () => {
      const socket = join(keys.directory, `agent-${client}`);
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      try {
        while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
        const env = { ...process.env, SSH_AUTH_SOCK: socket, DISPLAY: ':0', SSH_ASKPASS_REQUIRE: 'force' };
        const askpass = file('askpass', '#!/bin/sh\necho open sesame\n');
        execFileSync('chmod', ['700', askpass]);
        execFileSync('ssh-add', ['-q', keys.make('locked')], { env: { ...env, SSH_ASKPASS: askpass } });
        const context = { env: { SSH_AUTH_SOCK: socket } };
        expect(await whoami(open({ sshd, auth: { ...keyAuth(), agent: 'required' }, context }))).toBe('root');
        expect(await whoami(open({ sshd, auth: keyAuth(keys.make('locked')), context }))).toBe('root');
      } finally {
        const gone = once(agent, 'exit');
        agent.kill();
        await gone;
      }
    });

    it('says that there is no agent where one is asked for', async () => {
      const error = await failure(open({ sshd, auth: { ...keyAuth(), agent: 'required' } }));
      expect(error.message).toContain('SSH_AUTH_SOCK');
    });

    it('lists the keys that were refused', async () => {
      const error = await failure(open({ sshd, auth: keyAuth(keys.make('stranger')) }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(keys.make('stranger'));
      expect(error.hint).toContain('ssh-copy-id');
    });
  });

  describe(`${client}: a key that is not there`, () => {
    it('is named', async () => {
      const error = await failure(open({ sshd, auth: keyAuth('/nonexistent/key') }));
      expect(error).toMatchObject({ code: 'ssh-key-missing' });
      expect(error.message).toContain('There is no key file /nonexistent/key');
    });
  });

  describe.runIf(client === 'ssh2')(`${client}: keys that cannot be used`, () => {
    it('passes over default keys that are not there', async () => {
      const auth = { ...keyAuth('/nonexistent/id_rsa', keys.make('user')), keyPathsAreDefaults: true };
      expect(await whoami(open({ sshd, auth }))).toBe('root');
    });

    it('names the mend of a PKCS#8 key, which makes it work', async () => {
      const path = join(keys.directory, 'pkcs8');
      execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', '-out', path], { stdio: 'ignore' });
      execFileSync('chmod', ['600', path]);
      const error = await failure(open({ sshd, auth: keyAuth(path) }));
      expect(error).toMatchObject({ code: 'ssh-key-pkcs8' });
      const mend = /`(ssh-keygen -p -f [^`]*)`/.exec(error.hint)?.[1] ?? '';
      execFileSync('/bin/sh', ['-c', `${mend} -N ''`], { stdio: 'ignore' });
      const after = await failure(open({ sshd, auth: keyAuth(path) }));
      expect(after.message).toContain('Refused were'); // offered now, only not authorized
    });

    it('says that a file holds a public key, or none', async () => {
      const error = await failure(open({ sshd, auth: keyAuth(`${keys.make('user')}.pub`) }));
      expect(error).toMatchObject({ code: 'ssh-key-public' });
      const other = await failure(open({ sshd, auth: keyAuth('/etc/hostname') }));
      expect(other).toMatchObject({ code: 'ssh-key-unsupported' });
    });

    it('says that the host hung up after too many keys', async () => {
      const server = await serve({ config: ['MaxAuthTries 2'] });
      const auth = keyAuth(...['a', 'b', 'c', 'd'].map((name) => keys.make(`stranger-${name}`)));
      const error = await failure(open({ sshd: server, auth }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain('too many keys');
    });

    it('says that a host takes no keys at all', async () => {
      const config = ['PubkeyAuthentication no', 'PasswordAuthentication yes'];
      const error = await failure(open({ sshd: await serve({ config }) }));
      expect(error.message).toContain('takes no keys at all, only password');
    });
  });

  describe(`${client}: host keys`, () => {
    it('pins a first contact (0600) and knows it the next time', async () => {
      const knownHosts = join(keys.directory, `known-first-${client}`);
      const server = await serve({ hostKeys: ['host', 'host-rsa'] });
      const transport = open({ sshd: server, settings: { knownHosts } });
      await transport.connect();
      const text = readFileSync(knownHosts, 'utf8');
      expect(text).toMatch(new RegExp(`^\\[127\\.0\\.0\\.1\\]:${server.port} ssh-ed25519 `));
      expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
      await open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } }).connect();
      expect(readFileSync(knownHosts, 'utf8')).toBe(text);
      const shown = execFileSync('ssh-keygen', ['-lf', `${keys.make('host')}.pub`], { encoding: 'utf8' });
      expect(shown).toContain(transport.hostKey);
    });

    it('does not call a host changed that has another key type on record', async () => {
      const knownHosts = join(keys.directory, `known-type-${client}`);
      const server = await serve({ hostKeys: ['host', 'host-rsa'] });
      const [type, key] = readFileSync(`${keys.make('host-rsa')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${type} ${key}\n`);
      expect(await whoami(open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } }))).toBe('root');
    });

    it('refuses an unknown host under strict, with the fingerprint', async () => {
      const knownHosts = join(keys.directory, `known-none-${client}`);
      const error = await failure(open({ sshd, settings: { knownHosts, hostKeys: 'strict' } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toMatch(/SHA256:\S{43}/);
      expect(error.hint).toContain('accept-new');
      expect(existsSync(knownHosts)).toBe(false);
    });

    it('stops at a changed key with both fingerprints, the line, and the mend', async () => {
      const knownHosts = join(keys.directory, `known-changed-${client}`);
      const [type, key] = readFileSync(`${keys.make('other-host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `# mine\n[127.0.0.1]:${sshd.port} ${type} ${key}\n`);
      const error = await failure(open({ sshd, settings: { knownHosts } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message.match(/SHA256:\S{43}/g)).toHaveLength(2);
      expect(error.message).toContain(`${knownHosts}:2`);
      expect(error.message).toContain('replaced');
      expect(error.message).toContain('somebody stands between');
      const mend = /`(ssh-keygen -f [^`]*)`/.exec(error.hint)?.[1] ?? '';
      execFileSync('/bin/sh', ['-c', mend], { stdio: 'ignore' });
      expect(await whoami(open({ sshd, settings: { knownHosts } }))).toBe('root');
    });

    it('refuses a revoked key', async () => {
      const knownHosts = join(keys.directory, `known-revoked-${client}`);
      const [type, key] = readFileSync(`${keys.make('host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `@revoked * ${type} ${key}\n`);
      const error = await failure(open({ sshd, settings: { knownHosts } }));
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toContain('revoked');
    });

    it('trusts a host whose key an authority on record has signed', async () => {
      const knownHosts = join(keys.directory, `known-ca-${client}`);
      const ca = keys.make('host-ca');
      const host = keys.make('host-signed');
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'test', '-h', '-n', '127.0.0.1', `${host}.pub`]);
      const server = await serve({
        hostKeys: ['host-signed'],
        config: [`HostCertificate ${host}-cert.pub`],
      });
      const authority = readFileSync(`${ca}.pub`, 'utf8');
      writeFileSync(knownHosts, `@cert-authority [127.0.0.1]:${server.port} ${authority}`);
      const transport = open({ sshd: server, settings: { knownHosts, hostKeys: 'strict' } });
      expect(await whoami(transport)).toBe('root');
    });
  });

  describe(`${client}: certificates`, () => {
    it.each(['path', 'text'])('logs in with an OpenSSH certificate given as %s', async (form) => {
      const ca = keys.make('user-ca');
      const user = keys.make(`certified-${form}`);
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'test', '-n', 'root', `${user}.pub`]);
      const server = await serve({ authorized: ['stranger'], config: [`TrustedUserCAKeys ${ca}.pub`] });
      const certificatePath = join(keys.directory, `moved-${form}-cert.pub`);
      execFileSync('mv', [`${user}-cert.pub`, certificatePath]);
      const auth =
        form === 'path'
          ? { ...keyAuth(user), certificatePath }
          : { ...keyAuth(user), certificate: readFileSync(certificatePath, 'utf8') };
      expect(await whoami(open({ sshd: server, auth }))).toBe('root');
    });
  });

  describe(`${client}: ways`, () => {
    it('reaches an IPv6 address', async () => {
      const server = await serve({ address: '::1' });
      const transport = open({ sshd: server });
      expect(await whoami(transport)).toBe('root');
      expect(transport.target).toBe(`root@[::1]:${server.port}`);
    });

    it('goes through one bastion, and through two', async () => {
      const [first, second] = [await serve(), await serve({ address: '::1' })];
      expect(await whoami(open({ sshd, bastions: [asBastion(first, keys)] }))).toBe('root');
      const two = [asBastion(first, keys), asBastion(second, keys)];
      expect(await whoami(open({ sshd, bastions: two }))).toBe('root');
      expect(second.log()).toContain('Accepted publickey');
    });

    it('checks the host key of the bastion too', async () => {
      const knownHosts = join(keys.directory, `known-bastion-${client}`);
      const bastion = await serve({ hostKeys: ['host'] });
      const [type, key] = readFileSync(`${keys.make('other-host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `[127.0.0.1]:${bastion.port} ${type} ${key}\n`);
      const error = await failure(
        open({ sshd, bastions: [asBastion(bastion, keys)], settings: { knownHosts } }),
      );
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toContain(`:${bastion.port}`);
    });

    it('says that a bastion allows no forwarding', async () => {
      const bastion = await serve({ config: ['AllowTcpForwarding no'] });
      const error = await failure(open({ sshd, bastions: [asBastion(bastion, keys)] }));
      expect(error).toBeInstanceOf(ConnectError);
      expect(error.message).toContain('administratively prohibited');
      expect(error.hint).toContain('AllowTcpForwarding');
    });

    it('says that it was the bastion that did not let us in', async () => {
      const bastion = await serve({ authorized: ['rsa'] });
      const error = await failure(open({ sshd, bastions: [asBastion(bastion, keys)] }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(`On the way to root@127.0.0.1:${sshd.port}`);
      expect(error.message).toContain(`root@127.0.0.1:${bastion.port} did not let us in`);
    });

    it('says that nothing listens, here and behind a bastion', async () => {
      const gone = await serve();
      await gone.stop();
      const direct = await failure(open({ sshd: gone }));
      expect(direct).toMatchObject({ code: 'connection-refused' });
      const bastion = await serve();
      const behind = await failure(open({ sshd: gone, bastions: [asBastion(bastion, keys)] }));
      expect(behind).toMatchObject({ code: 'connection-refused' });
      expect(behind.message).toContain(`root@127.0.0.1:${gone.port} refused`);
    });

    it('says that a name does not resolve', async () => {
      // A label of more than 63 letters fails in the resolver itself: no question leaves the machine.
      const error = await failure(open({ sshd: { address: `${'x'.repeat(70)}.test`, port: 22 } }));
      expect(error).toMatchObject({ code: 'host-not-found' });
    });

    it('says that what answers is not SSH', async () => {
      const { createServer } = await import('node:net');
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const error = await failure(open({ sshd: { address: '127.0.0.1', port } }));
      server.close();
      expect(error).toBeInstanceOf(ConnectError);
      expect(error.message).toContain(`:${port}`);
    });

    it('gives up on a host that accepts and says nothing', async () => {
      const { createServer } = await import('node:net');
      const sockets: { destroy(): void }[] = [];
      const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const started = Date.now();
      const error = await failure(
        open({ sshd: { address: '127.0.0.1', port }, settings: { connectTimeoutMs: 1000 } }),
      );
      for (const socket of sockets) socket.destroy();
      server.close();
      expect(error).toMatchObject({ code: 'connect-timeout' });
      expect(Date.now() - started).toBeLessThan(4000);
    });

    it('takes HostName, Port, User and IdentityFile from ssh_config', async () => {
      const home = join(keys.directory, `home-${client}`);
      execFileSync('mkdir', ['-p', join(home, '.ssh')]);
      writeFileSync(
        join(home, '.ssh', 'config'),
        `Host node-one\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  User root\n  IdentityFile ${keys.make('ecdsa')}\n`,
      );
      const transport = open({
        sshd: { address: 'node-one', port: 22 },
        user: 'operator',
        auth: { ...keyAuth(join(home, '.ssh', 'id_rsa')), keyPathsAreDefaults: true },
        context: { env: { HOME: home }, currentUser: 'operator' },
      });
      expect(await whoami(transport)).toBe('root');
    });

    it('takes ProxyJump from ssh_config', async () => {
      const bastion = await serve();
      const home = join(keys.directory, `home-jump-${client}`);
      execFileSync('mkdir', ['-p', join(home, '.ssh')]);
      writeFileSync(
        join(home, '.ssh', 'config'),
        [
          `Host node-two\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  ProxyJump root@the-bastion`,
          `Host the-bastion\n  HostName 127.0.0.1\n  Port ${bastion.port}`,
          `Host *\n  IdentityFile ${keys.make('user')}\n`,
          `  UserKnownHostsFile ${join(keys.directory, 'known_hosts')}\n  StrictHostKeyChecking accept-new\n`,
        ].join('\n'),
      );
      const transport = open({
        sshd: { address: 'node-two', port: 22 },
        context: { env: { HOME: home }, currentUser: 'operator' },
      });
      expect(await whoami(transport)).toBe('root');
      expect(bastion.log()).toContain('Accepted publickey for root');
    });
  });
}
