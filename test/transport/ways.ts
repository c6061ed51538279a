import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthError, ConnectError, HostKeyError } from '../../src/domain/errors.ts';
import { createBench, failureOf, whoami } from './bench.ts';
import { asBastion, keyAuth } from './reach.ts';
import type { Keys, Sshd } from './sshd.ts';

/** How we get there: IPv6, bastions, ssh_config; and which hop failed. */
export function describeWays(client: 'ssh2' | 'openssh', keys: Keys): void {
  const bench = createBench(client, keys);
  let sshd: Sshd;
  beforeAll(async () => {
    keys.make('rsa', '-t', 'rsa', '-b', '2048', '-N', '');
    keys.make('ecdsa', '-t', 'ecdsa', '-N', '');
    sshd = await bench.serve({ authorized: ['user', 'ecdsa'] });
  });
  afterAll(() => bench.close());

  describe(`${client}: ways`, () => {
    it('reaches an IPv6 address', async () => {
      const server = await bench.serve({ address: '::1' });
      const transport = bench.open({ sshd: server });
      expect(await whoami(transport)).toBe('root');
      expect(transport.target).toBe(`root@[::1]:${server.port}`);
    });

    it('goes through one bastion, and through two', async () => {
      const [first, second] = [await bench.serve(), await bench.serve({ address: '::1' })];
      expect(await whoami(bench.open({ sshd, bastions: [asBastion(first, keys)] }))).toBe('root');
      const two = [asBastion(first, keys), asBastion(second, keys)];
      expect(await whoami(bench.open({ sshd, bastions: two }))).toBe('root');
      expect(second.log()).toContain('Accepted publickey');
    });

    it('checks the host key of the bastion too', async () => {
      const knownHosts = join(keys.directory, `known-bastion-${client}`);
      const bastion = await bench.serve({ hostKeys: ['host'] });
      const [type, key] = readFileSync(`${keys.make('other-host')}.pub`, 'utf8').split(' ');
      writeFileSync(knownHosts, `[127.0.0.1]:${bastion.port} ${type} ${key}\n`);
      const error = await failureOf(
        bench.open({ sshd, bastions: [asBastion(bastion, keys)], settings: { knownHosts } }),
      );
      expect(error).toBeInstanceOf(HostKeyError);
      expect(error.message).toContain(`:${bastion.port}`);
    });

    it('says that a bastion allows no forwarding', async () => {
      const bastion = await bench.serve({ config: ['AllowTcpForwarding no'] });
      const error = await failureOf(bench.open({ sshd, bastions: [asBastion(bastion, keys)] }));
      expect(error).toBeInstanceOf(ConnectError);
      expect(error.message).toContain('administratively prohibited');
      expect(error.hint).toContain('AllowTcpForwarding');
    });

    it('says that it was the bastion that did not let us in', async () => {
      const bastion = await bench.serve({ authorized: ['rsa'] });
      const error = await failureOf(bench.open({ sshd, bastions: [asBastion(bastion, keys)] }));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain(`On the way to root@127.0.0.1:${sshd.port}`);
      expect(error.message).toContain(`root@127.0.0.1:${bastion.port} did not let us in`);
    });

    it('says that nothing listens, here and behind a bastion', async () => {
      const gone = await bench.serve();
      await gone.stop();
      const direct = await failureOf(bench.open({ sshd: gone }));
      expect(direct).toMatchObject({ code: 'connection-refused' });
      const bastion = await bench.serve();
      const behind = await failureOf(bench.open({ sshd: gone, bastions: [asBastion(bastion, keys)] }));
      expect(behind).toMatchObject({ code: 'connection-refused' });
      expect(behind.message).toContain(`root@127.0.0.1:${gone.port} refused`);
    });

    it('says that a name does not resolve', async () => {
      // A label of more than 63 letters fails in the resolver itself: no question leaves the machine.
      const error = await failureOf(bench.open({ sshd: { address: `${'x'.repeat(70)}.test`, port: 22 } }));
      expect(error).toMatchObject({ code: 'host-not-found' });
    });

    it('says that what answers is not SSH', async () => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const error = await failureOf(bench.open({ sshd: { address: '127.0.0.1', port } }));
      server.close();
      expect(error).toBeInstanceOf(ConnectError);
      expect(error.message).toContain(`:${port}`);
    });

    it('gives up on a host that accepts and says nothing', async () => {
      const sockets: { destroy(): void }[] = [];
      const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const started = Date.now();
      const error = await failureOf(
        bench.open({ sshd: { address: '127.0.0.1', port }, settings: { connectTimeoutMs: 1000 } }),
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
      const transport = bench.open({
        sshd: { address: 'node-one', port: 22 },
        user: 'operator',
        auth: { ...keyAuth(join(home, '.ssh', 'id_rsa')), keyPathsAreDefaults: true },
        context: { env: { HOME: home }, currentUser: 'operator' },
      });
      expect(await whoami(transport)).toBe('root');
    });

    it('takes ProxyJump from ssh_config', async () => {
      const bastion = await bench.serve();
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
      const transport = bench.open({
        sshd: { address: 'node-two', port: 22 },
        context: { env: { HOME: home }, currentUser: 'operator' },
      });
      expect(await whoami(transport)).toBe('root');
      expect(bastion.log()).toContain('Accepted publickey for root');
    });
  });
}
