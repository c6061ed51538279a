import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { RemoteCommandError } from '../../src/domain/errors.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { readServedCertificate } from '../../src/host/read-served-certificate.ts';
import { readCertificateFacts } from '../../src/pki/read-certificate-facts.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { makeAuthority, makeLeaf } from '../support/make-certificates.ts';

const authority = makeAuthority('rke2-server-ca@1');
const ec = makeLeaf(authority, 'kube-apiserver');
const rsa = makeLeaf(makeAuthority('etcd-server-ca@1', 'rsa'), 'etcd-server', { kind: 'rsa', days: -1 });

const host = () => createHost(createLocalTransport(), { askSudoPassword: async () => null });
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, address);
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server has a port');
  return at.port;
}

const serve = (options: TlsOptions, address?: string) =>
  listen(
    createServer(options, (socket) => socket.on('error', () => undefined)) as unknown as Server,
    address,
  );

describe('the certificate that a port shows', () => {
  it.each([
    ['EC, TLS 1.3', ec, {}],
    ['EC, TLS 1.2', ec, { maxVersion: 'TLSv1.2' }],
    ['RSA, ended yesterday', rsa, {}],
    ['to clients that must show one, too', rsa, { requestCert: true, rejectUnauthorized: true }],
  ] as const)('is read: %s', async (_name, { pem, key }, more) => {
    const port = await serve({ cert: pem, key, ca: authority.certificate, ...more });
    const [wanted] = readCertificateFacts(pem).certificates;
    const started = Date.now();
    expect(await readServedCertificate(host(), { port })).toEqual({ asked: true, certificate: wanted });
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  it('is asked for under no name', async () => {
    const names: unknown[] = [];
    const port = await serve({
      cert: ec.pem,
      key: ec.key,
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    expect(await readServedCertificate(host(), { port })).toMatchObject({ asked: true });
    expect(names).toEqual([]);
  });

  it('is found at the address that answers', async () => {
    const port = await serve({ cert: ec.pem, key: ec.key }, '127.0.0.3');
    const addresses = ['127.0.0.1', '::1', '127.0.0.3'];
    expect(await readServedCertificate(host(), { port, addresses })).toMatchObject({ asked: true });
    expect(await readServedCertificate(host(), { port })).toMatchObject({ reason: 'refused' });
  });

  it('leaves nothing running', async () => {
    const port = await serve({ cert: ec.pem, key: ec.key });
    const running = async () =>
      (await host().run('ps -eo args | grep -c "^bash -c [p]ort=" || true')).stdout.trim();
    const before = await running();
    await readServedCertificate(host(), { port });
    expect(await running()).toBe(before);
  });
});

describe('where there is none', () => {
  it('a port that nobody listens on is told as such', async () => {
    const port = await serve({ cert: ec.pem, key: ec.key });
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    expect(await readServedCertificate(host(), { port })).toEqual({
      asked: false,
      reason: 'refused',
      words: `nothing listens on port ${port}`,
    });
  });

  it('one that speaks no TLS, or hangs up, is told with the reason', async () => {
    const chatty = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const mute = await listen(createTcpServer((socket) => socket.destroy()));
    for (const port of [chatty, mute]) {
      const answer = await readServedCertificate(host(), { port });
      expect(answer).toMatchObject({ asked: false, reason: 'failed' });
      expect(answer).toHaveProperty(
        'words',
        expect.stringMatching(`^the handshake with port ${port} failed: `),
      );
    }
  });

  it('a host without bash says so', async () => {
    const result = Promise.reject(
      new RemoteCommandError({ code: 'x', message: 'x', hint: 'x', exitStatus: 8, stderr: '' }),
    );
    result.catch(() => undefined);
    const bare: Host = {
      target: 'nowhere',
      hostKey: null,
      run: () => Promise.reject(new Error('not asked')),
      start: async () => ({
        write: async () => undefined,
        end: () => undefined,
        stop: () => undefined,
        result,
      }),
    };
    expect(await readServedCertificate(bare, { port: 6443 })).toMatchObject({ reason: 'no-tool' });
  });

  it('a run that is stopped is', async () => {
    const port = await listen(createTcpServer(() => undefined));
    const signal = AbortSignal.timeout(300);
    await expect(readServedCertificate(host(), { port, signal })).rejects.toThrow();
  });
});
