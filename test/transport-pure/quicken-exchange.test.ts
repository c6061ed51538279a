import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickenExchange, quickenVerify } from '../../src/transport/ssh2/quicken-exchange.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';

const hostKey = makeSshKey();
const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
  client.on('error', () => undefined);
  client.on('authentication', (context) => context.accept());
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** Logs in; gives the key that was shown. */
async function logIn(kex: 'curve25519-sha256' | 'ecdh-sha2-nistp256'): Promise<Buffer> {
  const client = new ssh2.Client();
  let shown: Buffer = Buffer.alloc(0);
  const ready = once(client, 'ready');
  client.connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    username: 'root',
    algorithms: { kex: [kex] },
    hostVerifier: (key: Buffer) => {
      shown = key;
      quickenVerify(key);
      return true;
    },
  });
  quickenExchange(client);
  await ready;
  const closed = once(client, 'close');
  client.end();
  await closed;
  return shown;
}

function parse(text: string | Buffer): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

test('hosts take what is calculated, whichever connection it is', async () => {
  for (let i = 0; i < 12; i += 1) await logIn('curve25519-sha256');
  await logIn('ecdh-sha2-nistp256');
});

test('a signature counts for its data and its key only', async () => {
  const shown = parse(await logIn('curve25519-sha256'));
  const other = parse(makeSshKey().public);
  const data = Buffer.from('an exchange');
  const signature = parse(hostKey.private).sign(data);
  expect(shown.verify(data, signature)).toBe(true);
  expect(shown.verify(Buffer.from('another one'), signature)).toBe(false);
  expect(other.verify(data, signature)).toBe(false);
  expect(shown.verify(data, Buffer.alloc(64))).toBe(false);
  expect(shown.verify(data, Buffer.alloc(0))).not.toBe(true);
});

test('keys of other kinds are judged as ever', async () => {
  await logIn('curve25519-sha256');
  const data = Buffer.from('an exchange');
  for (const pair of [makeSshKey('rsa'), makeSshKey('ecdsa')]) {
    const signature = parse(pair.private).sign(data);
    expect(parse(pair.public).verify(data, signature)).toBe(true);
    expect(parse(pair.public).verify(Buffer.from('another one'), signature)).toBe(false);
  }
});

test('a number that is no key is refused', async () => {
  const client = new ssh2.Client();
  const failed = once(client, 'error');
  client.connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    username: 'root',
    algorithms: { kex: ['curve25519-sha256'] },
    hostVerifier: (key: Buffer) => {
      quickenVerify(key);
      const exchange = (client as unknown as { _protocol: { _kex: { _dhData: Buffer } } })._protocol._kex;
      exchange._dhData = Buffer.alloc(32);
      return true;
    },
  });
  quickenExchange(client);
  const [error] = (await failed) as [Error];
  expect(error.message).toContain('DH secret');
});

test('nobody waits for ever when memory is tidied in the middle of it', () => {
  const program = fileURLToPath(new URL('log-in-while-tidying.ts', import.meta.url));
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', program],
    { timeout: 30_000, killSignal: 'SIGKILL', encoding: 'utf8' },
  );
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
}, 40_000);
