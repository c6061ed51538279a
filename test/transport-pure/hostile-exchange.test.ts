import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Client, Connection, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/transport/key-ring.ts';
import { joinWrites } from '../../src/transport/ssh2/join-writes.ts';
import { openClient } from '../../src/transport/ssh2/open-client.ts';
import { quickenExchange, quickenVerify } from '../../src/transport/ssh2/quicken-exchange.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';
import { loadUntouchedSsh2 } from '../support/untouched-ssh2.ts';

interface Exchange {
  _keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  generateKeys(): void;
  getPublicKey(): Buffer;
  computeSecret(theirs: Buffer): Buffer | Error;
}

type Ssh2 = typeof ssh2;

const KEX = ['curve25519-sha256', 'curve25519-sha256@libssh.org'] as const;

interface Contact {
  readonly client: Client;
  /** How often a key was shown. */
  readonly shown: () => number;
}

interface HostOptions {
  readonly keys: readonly ParsedKey[];
  readonly onReady?: (connection: Connection) => void;
}

/** A host on loopback for as long as `work` takes. */
async function withHost(
  { keys, onReady }: HostOptions,
  work: (port: number) => Promise<void>,
): Promise<void> {
  const connections = new Set<Connection>();
  const server = new ssh2.Server(
    { hostKeys: keys.map((key) => ({ key: key as unknown as Buffer, passphrase: '' })) },
    (connection) => {
      connections.add(connection);
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('ready', () => onReady?.(connection));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    for (const connection of connections) connection.end();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** As rke2ctl connects: the first key is judged later, writes are joined. */
function contact(port: number): Contact {
  const client = new ssh2.Client();
  let shown = 0;
  client.connect({
    sock: joinWrites(dial({ host: '127.0.0.1', port, noDelay: true })),
    username: 'root',
    algorithms: { kex: [...KEX] },
    hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
      shown += 1;
      quickenVerify(key);
      if (shown === 1) setImmediate(() => verify(true));
      else verify(true);
    },
  });
  quickenExchange(client);
  return { client, shown: () => shown };
}

async function end({ client }: Pick<Contact, 'client'>): Promise<void> {
  const closed = once(client, 'close');
  client.end();
  await closed;
}

/** How a contact with a host that does something wrong ends. */
async function failureOf(keys: readonly ParsedKey[]): Promise<string> {
  let message = '';
  await withHost({ keys }, async (port) => {
    const { client } = contact(port);
    const ready = once(client, 'ready').then(() => 'it was let through');
    const failed = new Promise<string>((resolve) => client.on('error', (error) => resolve(error.message)));
    message = await Promise.race([ready.catch(() => failed), failed]);
    client.destroy();
  });
  return message;
}

function makeKey(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): ParsedKey {
  return parse(makeSshKey(type).private);
}

function parse(text: string | Buffer): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** A key that signs otherwise than it should. */
function signingWith(sign: (data: Buffer, algorithm?: string) => Buffer | Error, key = makeKey()): ParsedKey {
  key.sign = sign as ParsedKey['sign'];
  return key;
}

/** What exchanges of keys are made of in this ssh2, once it has been used. */
async function findKind(
  { Client }: Ssh2,
  begin: typeof quickenExchange,
  judge: typeof quickenVerify,
): Promise<object> {
  let kind: object = {};
  await withHost({ keys: [makeKey()] }, async (port) => {
    const client = new Client();
    client.connect({
      host: '127.0.0.1',
      port,
      username: 'root',
      algorithms: { kex: [...KEX] },
      hostVerifier: (key: Buffer) => {
        judge(key);
        const { _protocol } = client as unknown as { _protocol: { _kex: object } };
        kind = Object.getPrototypeOf(_protocol._kex);
        return true;
      },
    });
    begin(client);
    await once(client, 'ready');
    await end({ client });
  });
  return kind;
}

const untouched = loadUntouchedSsh2();
let quick: () => Exchange;
let slow: () => Exchange;

beforeAll(async () => {
  const [touched, asMade] = [
    await findKind(ssh2, quickenExchange, quickenVerify),
    await findKind(
      untouched,
      () => undefined,
      () => undefined,
    ),
  ] as [Exchange, Exchange];
  // Otherwise what follows compares ssh2 with itself.
  for (const method of ['getPublicKey', 'computeSecret'] as const)
    expect(String(touched[method])).not.toBe(String(asMade[method]));
  quick = () => Object.assign(Object.create(touched), { _keys: null });
  slow = () => Object.assign(Object.create(asMade), { _keys: null });
});

/** Points of small order on curve25519, and numbers above its prime: https://cr.yp.to/ecdh.html#validate. */
const ODD_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880',
  '4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7',
  'd9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
].map((hex) => Buffer.from(hex, 'hex'));

const bytes = (range: { readonly minLength: number; readonly maxLength: number }): fc.Arbitrary<Buffer> =>
  fc.uint8Array(range).map((array) => Buffer.from(array));

describe('what is calculated faster is what ssh2 calculates', () => {
  it('secrets of any number that a host may send', () => {
    const [ours, theirs] = [quick(), slow()];
    ours.generateKeys();
    theirs._keys = ours._keys;
    const anyNumber = fc.oneof(
      { weight: 4, arbitrary: bytes({ minLength: 32, maxLength: 32 }) },
      { weight: 1, arbitrary: bytes({ minLength: 0, maxLength: 70 }) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_POINTS) },
    );
    const agree = (number: Buffer): void => {
      const [fast, known] = [ours.computeSecret(number), theirs.computeSecret(number)];
      expect(fast instanceof Error).toBe(known instanceof Error);
      if (Buffer.isBuffer(fast)) expect(fast.equals(known as Buffer)).toBe(true);
    };
    fc.assert(fc.property(anyNumber, agree), { numRuns: 600 });
    for (const point of ODD_POINTS) agree(point);
    expect(ours.computeSecret(ODD_POINTS[0] as Buffer)).toBeInstanceOf(Error);
  });

  it('secrets that begin with zeros, or would be negative', () => {
    const [ours, theirs] = [quick(), slow()];
    const lengths = new Set<number>();
    for (let i = 0; i < 20_000 && lengths.size < 3; i += 1) {
      ours._keys = generateKeyPairSync('x25519');
      theirs._keys = ours._keys;
      const number = randomBytes(32);
      const [fast, known] = [ours.computeSecret(number), theirs.computeSecret(number)] as [Buffer, Buffer];
      expect(fast.equals(known)).toBe(true);
      lengths.add(fast.length);
    }
    expect([...lengths].sort()).toEqual([31, 32, 33]);
  });

  it('our own number, whenever and however often it is asked for', () => {
    for (let i = 0; i < 50; i += 1) {
      const [ours, theirs] = [quick(), slow()];
      const asked = ours.getPublicKey();
      theirs._keys = ours._keys;
      expect(asked).toHaveLength(32);
      expect(asked.equals(theirs.getPublicKey())).toBe(true);
      expect(ours.getPublicKey().equals(asked)).toBe(true);
    }
  });

  it('the judgement of a signature, whatever key, signature and hash it is', () => {
    const makePublic = (numbers: Buffer): Buffer =>
      Buffer.concat([
        Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0', 'latin1'),
        Buffer.of(numbers.length),
        numbers,
      ]);
    const real = makeKey();
    const data = Buffer.from('what was exchanged');
    const good = real.sign(data) as unknown as Buffer;
    const neutral = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
    const numbers = fc.oneof(
      bytes({ minLength: 32, maxLength: 32 }),
      fc.constantFrom(...ODD_POINTS, neutral, real.getPublicSSH().subarray(19)),
      bytes({ minLength: 0, maxLength: 40 }),
    );
    const signature = fc.oneof(
      fc.constantFrom(good, good.subarray(0, 63), Buffer.concat([good, Buffer.of(0)]), Buffer.alloc(0)),
      // Fits the neutral element whatever is signed; what lies above the order must not.
      fc.constantFrom(Buffer.concat([neutral, Buffer.alloc(32)]), Buffer.alloc(64, 255)),
      bytes({ minLength: 64, maxLength: 64 }),
    );
    const hash = fc.constantFrom(undefined, '', 'sha1', 'sha256', 'sha512');
    fc.assert(
      fc.property(numbers, signature, hash, (number, signed, algorithm) => {
        const [ours, theirs] = [ssh2, untouched].map(({ utils }) => utils.parseKey(makePublic(number))) as [
          ParsedKey | Error,
          ParsedKey | Error,
        ];
        expect(ours instanceof Error).toBe(theirs instanceof Error);
        if (ours instanceof Error || theirs instanceof Error) return;
        const judge = (key: ParsedKey): unknown => key.verify(data, signed, algorithm);
        expect(judge(ours) === true).toBe(judge(theirs) === true);
        expect(judge(ours) instanceof Error).toBe(judge(theirs) instanceof Error);
      }),
      { numRuns: 600 },
    );
    expect(real.verify(data, good)).toBe(true);
  });
});

describe('a host that lies is found out', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'] as const)('it shows a key of %s that is not its own', async (type) => {
    const own = makeKey(type);
    const shown = signingWith(
      (data, algorithm) => own.sign(data, algorithm) as unknown as Buffer,
      makeKey(type),
    );
    expect(await failureOf([shown])).toContain('signature verification failed');
  });

  it('it signs another exchange', async () => {
    const own = makeKey();
    const sign = own.sign.bind(own);
    const lying = signingWith((data) => sign(Buffer.concat([data, Buffer.of(0)])) as unknown as Buffer, own);
    expect(await failureOf([lying])).toContain('signature verification failed');
  });

  it.each([0, 1, 32, 63, 65])('its signature has %d bytes', async (length) => {
    const own = makeKey();
    const sign = own.sign.bind(own);
    const lying = signingWith((data) => {
      const whole = Buffer.concat([sign(data) as unknown as Buffer, Buffer.alloc(8)]);
      return Buffer.from(whole.subarray(0, length));
    }, own);
    expect(await failureOf([lying])).toMatch(/signature verification failed|Malformed/);
  });
});

/** By rke2ctl's own way, which trusts the key that `check` lets pass. */
async function logIn(port: number, check: () => Promise<void>): Promise<{ readonly client: Client }> {
  const directory = mkdtempSync(join(tmpdir(), 'rke2ctl-login-'));
  const keyPath = join(directory, 'key');
  writeFileSync(keyPath, makeSshKey().private, { mode: 0o600 });
  try {
    const auth = { key: null, keyPaths: [keyPath], keyPathsAreDefaults: false, certificate: null };
    const host = { target: 'root@here', address: '127.0.0.1', port, user: 'root', hostKeyName: 'here' };
    return await openClient(
      { ...host, auth: { ...auth, certificatePath: null, agent: 'auto' } },
      null,
      {
        settings: { connectTimeoutMs: 5_000, keepaliveMs: 15_000 },
        hostKeys: { check, algorithms: async () => ['ssh-ed25519'], needsCertAuthority: () => false },
        keyRing: createKeyRing(undefined),
        agentSocket: null,
      },
      undefined,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Not in the types, but both sides have it. */
function rekey(connection: Connection): Promise<void> {
  return new Promise((resolve) =>
    (connection as unknown as { rekey(done: () => void): void }).rekey(resolve),
  );
}

describe('keys that change while a connection lasts', () => {
  it('are exchanged and judged anew, and nothing is lost between', async () => {
    const sent = randomBytes(4_000_000);
    const received: Buffer[] = [];
    let whole = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      whole = resolve;
    });
    let changes: Promise<unknown> = Promise.resolve();
    const onReady = (connection: Connection): void => {
      connection.on('session', (accept) =>
        accept().on('exec', (take) => {
          const channel = take();
          channel.on('data', (chunk: Buffer) => received.push(chunk));
          channel.on('end', whole);
          changes = (async () => {
            for (let i = 0; i < 5; i += 1) await rekey(connection);
          })();
        }),
      );
    };
    await withHost({ keys: [makeKey()], onReady }, async (port) => {
      const { client, shown } = contact(port);
      await once(client, 'ready');
      client.exec('take', (error, channel) => {
        if (error) throw error;
        for (let at = 0; at < sent.length; at += 50_000) channel.write(sent.subarray(at, at + 50_000));
        channel.end();
      });
      await arrived;
      await changes;
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      expect(shown()).toBe(6);
      await end({ client });
    });
  });

  it('end it when what answers then cannot sign for the key it shows', async () => {
    const own = makeKey();
    const sign = own.sign.bind(own);
    const other = makeKey();
    let lies = false;
    const turning = signingWith((data) => (lies ? other : { sign }).sign(data) as unknown as Buffer, own);
    const onReady = (connection: Connection): void => {
      lies = true;
      void rekey(connection);
    };
    await withHost({ keys: [turning], onReady }, async (port) => {
      const { client } = contact(port);
      const [error] = (await once(client, 'error')) as [Error];
      expect(error.message).toContain('signature verification failed');
      client.destroy();
    });
  });

  it('end it when another host answers then, with a key of its own', async () => {
    const [own, other] = [makeKey(), makeKey()];
    const shown = own.getPublicSSH();
    let isOther = false;
    own.getPublicSSH = () => (isOther ? other.getPublicSSH() : shown);
    const sign = own.sign.bind(own);
    const turning = signingWith((data) => (isOther ? other : { sign }).sign(data) as unknown as Buffer, own);
    const onReady = (connection: Connection): void => {
      isOther = true;
      void rekey(connection);
    };
    let asked = 0;
    await withHost({ keys: [turning], onReady }, async (port) => {
      const { client } = await logIn(port, async () => {
        asked += 1;
      });
      const [error] = (await once(client, 'error')) as [Error];
      expect(error.message).toContain('Host denied');
      expect(asked).toBe(1);
      client.destroy();
    });
  });
});
