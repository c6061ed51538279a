import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { CipherAlgorithm, Client, Connection } from 'ssh2';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quickenPadding } from '../../src/transport/ssh2/quicken-padding.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';
import { loadUntouchedSsh2 } from '../support/untouched-ssh2.ts';

interface Cipher {
  allocPacket(payloadLength: number): Buffer;
}

/** Nobody touches it: the hosts here are not to be quickened together with their clients. */
const untouched = loadUntouchedSsh2();
/** Says back whatever it is told. */
const server = new untouched.Server({ hostKeys: [makeSshKey().private] }, (connection: Connection) => {
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => context.accept());
  connection.on('session', (accept) => {
    accept().on('exec', (acceptExec) => {
      const channel = acceptExec();
      channel.pipe(channel);
      channel.on('end', () => {
        channel.exit(0);
        channel.end();
      });
    });
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** The kinds of what a client makes its packets with, before there are keys and after. */
interface Kinds {
  readonly before: Cipher;
  readonly after: Cipher;
}

function kindOf(client: Client): Cipher {
  const { _protocol } = client as unknown as { readonly _protocol: { readonly _cipher: Cipher } };
  return Object.getPrototypeOf(_protocol._cipher);
}

/** Logs in, says `words` and hears them back. */
async function talk(
  cipher: CipherAlgorithm,
  words: readonly Buffer[],
  { Client: Made, quicken }: { readonly Client: typeof Client; readonly quicken: typeof quickenPadding },
): Promise<Kinds> {
  const client = new Made();
  client.connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    username: 'root',
    algorithms: { cipher: [cipher] },
  });
  quicken(client);
  const before = kindOf(client);
  client.on('handshake', () => quicken(client));
  await once(client, 'ready');
  const after = kindOf(client);
  const heard = await new Promise<Buffer>((resolve, reject) => {
    client.exec('say it back', (error, channel) => {
      if (error) return reject(error);
      const chunks: Buffer[] = [];
      channel.on('data', (chunk: Buffer) => chunks.push(chunk));
      channel.on('close', () => resolve(Buffer.concat(chunks)));
      for (const word of words) channel.write(word);
      channel.end();
    });
  });
  expect(heard.equals(Buffer.concat(words))).toBe(true);
  const closed = once(client, 'close');
  client.end();
  await closed;
  return { before, after };
}

const WORDS = Array.from({ length: 200 }, (_, length) => Buffer.alloc(length, length)).concat(
  Buffer.alloc(100_000, 'x'),
);
const OURS = { Client: ssh2.Client, quicken: quickenPadding };
const THEIRS = { Client: untouched.Client, quicken: () => undefined };
const GCM = 'aes128-gcm@openssh.com';

it.each([
  GCM,
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes256-ctr',
] as const)('a host understands all that it is told by %s', async (cipher) => {
  await talk(cipher, WORDS, OURS);
  await talk(cipher, WORDS, OURS);
});

describe('packets are those of ssh2', () => {
  it('by length and head, whatever they carry', async () => {
    const [ours, theirs] = [await talk(GCM, [], OURS), await talk(GCM, [], THEIRS)];
    for (const when of ['before', 'after'] as const) {
      // Otherwise ssh2 is compared with itself.
      expect(String(ours[when].allocPacket)).not.toBe(String(theirs[when].allocPacket));
      for (const length of [...Array(300).keys(), 32_768, 32_769, 35_000]) {
        const [own, known] = [ours[when], theirs[when]].map((kind) => kind.allocPacket(length));
        expect(own).toHaveLength(known?.length ?? 0);
        expect(own?.subarray(0, 5)).toEqual(known?.subarray(0, 5));
      }
    }
  });

  it('and their padding is never the same', async () => {
    const { after } = await talk(GCM, [], OURS);
    const paddings = Array.from({ length: 20_000 }, () => after.allocPacket(0).toString('hex', 5));
    expect(new Set(paddings)).toHaveLength(paddings.length);
    // 15 bytes each: every one of 2,400,000 bits is set in half of them, give or take six standard deviations.
    const ones = paddings
      .join('')
      .replace(/[0-9a-f]/g, (digit) => '0112122312232334'['0123456789abcdef'.indexOf(digit)] ?? '');
    const count = [...ones].reduce((sum, digit) => sum + Number(digit), 0);
    expect(Math.abs(count - 1_200_000)).toBeLessThan(5_000);
  });
});

describe('who makes packets otherwise goes on doing so', () => {
  it('where they depend on what was agreed on', async () => {
    const [ours, theirs] = [await talk('aes128-ctr', [], OURS), await talk('aes128-ctr', [], THEIRS)];
    expect(String(ours.after.allocPacket)).toBe(String(theirs.after.allocPacket));
  });

  it.each([
    ['longer ones', (length: number) => Buffer.alloc(64 + length)],
    ['other heads', (length: number) => Buffer.alloc(Math.ceil((length + 9) / 8) * 8)],
    ['none', () => undefined as unknown as Buffer],
    [
      'only trouble',
      () => {
        throw new Error('not here');
      },
    ],
  ])('an ssh2 that makes %s', (_, allocPacket) => {
    const kind = { allocPacket };
    quickenPadding({ _protocol: { _cipher: Object.create(kind) } } as unknown as Client);
    expect(kind.allocPacket).toBe(allocPacket);
  });

  it('an ssh2 that has nothing of the kind', () => {
    for (const client of [
      {},
      { _protocol: {} },
      { _protocol: { _cipher: null } },
      { _protocol: { _cipher: {} } },
    ])
      expect(() => quickenPadding(client as unknown as Client)).not.toThrow();
  });
});
