import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MEND_BYTES } from '../../src/host/damaged-chunks.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { type Listener, startListener } from '../../src/host/listener.ts';
import { type ByteSource, type Cut, type Reception, receiveFile } from '../../src/host/receive-file.ts';
import { uploadFile } from '../../src/host/upload.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const content = randomBytes(12_000_007);
const sha256 = createHash('sha256').update(content).digest('hex');
const stay = new AbortController().signal;
const NAME = 'rke2-images.tar.zst';
/** A host's shell where python3 cannot be run. */
const WITHOUT_PYTHON = [
  'unshare',
  ...['--mount', 'sh', '-c'],
  'mount --bind /dev/null "$(readlink -f /usr/bin/python3)"; exec /bin/sh "$@"',
  'sh',
];

let root: string;
let source: string;
let host: Host;
let holder: string;
let taker: string;
const open: Listener[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-receive-'));
  source = join(root, 'source');
  writeFileSync(source, content);
});

afterAll(() => rmSync(root, { recursive: true }));

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
});

async function listen(bytesPerSecond = 0): Promise<Listener> {
  const listener = await startListener(host, {
    address: '127.0.0.1',
    ports: [19344, 19343, 19342],
    zone: null,
    bytesPerSecond,
  });
  open.push(listener);
  return listener;
}

/** The same file for a host; what differs from case to case comes in `more`. */
function reception(directory: string, more: Pick<Reception, 'nextSource'> & Partial<Reception>): Reception {
  return {
    source,
    destination: join(directory, NAME),
    sha256,
    sizeBytes: content.length,
    mode: '0644',
    onReady: () => undefined,
    ...more,
  };
}

const fill = (directory: string) =>
  uploadFile(host, {
    source,
    destination: join(directory, NAME),
    sha256,
    sizeBytes: content.length,
    mode: '0644',
  });

async function from(listener: Listener, directory: string, isWhole = true): Promise<ByteSource> {
  const request = { peer: '127.0.0.1', path: join(directory, NAME), sizeBytes: content.length, isWhole };
  return {
    kind: 'node',
    address: listener.address,
    port: listener.port,
    ...(await listener.issue(request)),
    leave: stay,
  };
}

/** The content with one byte changed. */
function damagedAt(index: number): Buffer {
  const damaged = Buffer.from(content);
  damaged.writeUInt8((damaged.readUInt8(index) + 1) % 256, index);
  return damaged;
}

const arrived = (directory: string) => readFileSync(join(directory, NAME)).equals(content);

describe.each([...SHELLS, ['dash, and no python', WITHOUT_PYTHON]] as const)(
  'a file for a host with %s',
  (_name, shell) => {
    beforeEach(() => {
      holder = mkdtempSync(join(root, 'holder-'));
      taker = mkdtempSync(join(root, 'taker-'));
      host = createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });
    });

    test('comes from us when nobody else has it', async () => {
      const asked: (Cut | null)[] = [];
      const outcome = await receiveFile(
        host,
        reception(taker, {
          nextSource: async (_bytes, last) => {
            asked.push(last);
            return { kind: 'operator', leave: stay };
          },
        }),
      );
      expect(outcome).toBe('sent');
      expect(arrived(taker)).toBe(true);
      expect(asked).toEqual([null]);
      expect(readdirSync(taker)).toEqual([NAME]);
    });

    test('that is shorter here than it was said to be is missed at once', async () => {
      const short = join(root, 'short');
      writeFileSync(short, content.subarray(0, 11_000_000));
      const nextSource = async (): Promise<ByteSource> => ({ kind: 'operator', leave: stay });
      const outcome = receiveFile(host, { ...reception(taker, { nextSource }), source: short });
      await expect(outcome).rejects.toMatchObject({
        code: 'upload-incomplete',
        hint: expect.stringContaining(short),
      });
    });

    test('is not mixed with what an earlier run still brings, whose connection has not ended', async () => {
      const part = join(taker, `.${NAME}.rke2ctl-part`);
      writeFileSync(part, content.subarray(0, 3_000_000));
      const earlier = spawn('/bin/sh', [
        '-c',
        `while :; do head -c 50000 /dev/zero; sleep 0.02; done >>${part}`,
      ]);
      await expect.poll(() => statSync(part).size).toBeGreaterThan(3_000_000);
      const nextSource = async (): Promise<ByteSource> => ({ kind: 'operator', leave: stay });
      await receiveFile(host, reception(taker, { nextSource }));
      expect(arrived(taker)).toBe(true);
      expect(earlier.signalCode).toBe('SIGTERM');
    });

    test('comes from another node, and nothing of the listener is left', async () => {
      await fill(holder);
      const listener = await listen();
      const outcome = await receiveFile(host, reception(taker, { nextSource: () => from(listener, holder) }));
      expect(outcome).toBe('sent');
      expect(arrived(taker)).toBe(true);
      expect(readdirSync(taker)).toEqual([NAME]);
      const directories = readdirSync('/run').filter((name) => name.startsWith('rke2ctl-serve.'));
      expect(directories).toHaveLength(1);
      expect(readdirSync(`/run/${directories[0]}`).sort()).toEqual(['log', 'pid', 'serve']);
      await listener.close();
      expect(existsSync(`/run/${directories[0]}`)).toBe(false);
      // Reset, if the kernel took it in while the listener closed.
      await expect(speak(listener.port, 'hello\n')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    });

    test('is passed on while it still comes in', async () => {
      const listener = await listen();
      let ready: () => void = () => undefined;
      const isReady = new Promise<void>((resolve) => {
        ready = resolve;
      });
      const paced = reception(holder, {
        nextSource: async () => ({ kind: 'operator', leave: stay }),
        onReady: () => ready(),
        pace: () => new Promise((resolve) => setTimeout(resolve, 100)),
      });
      let isHolderDone = false;
      const first = receiveFile(host, paced).then(() => {
        isHolderDone = true;
      });
      await isReady;
      let startedEarly = false;
      await receiveFile(
        host,
        reception(taker, {
          nextSource: async () => {
            startedEarly = !isHolderDone;
            return from(listener, holder, false);
          },
        }),
      );
      expect(startedEarly).toBe(true);
      expect(arrived(taker)).toBe(true);
      await first;
    });

    test('goes on from us where another node fell away', async () => {
      const cuts: Cut[] = [];
      // A node that gives a good beginning and dies.
      const dying = createServer((socket) => {
        socket.once('data', () => socket.end(content.subarray(0, 5_000_001)));
      }).listen(0, '127.0.0.1');
      await once(dying, 'listening');
      const { port } = dying.address() as { port: number };
      const sent: number[] = [];
      const outcome = await receiveFile(
        host,
        reception(taker, {
          pace: async (bytes) => void sent.push(bytes),
          nextSource: async (_bytes, last) => {
            if (last === null)
              return { kind: 'node', address: '127.0.0.1', port, ticket: '1', token: 'x', leave: stay };
            cuts.push(last);
            return { kind: 'operator', leave: stay };
          },
        }),
      );
      dying.close();
      expect(outcome).toBe('sent');
      expect(arrived(taker)).toBe(true);
      expect(cuts).toEqual([{ bytes: 5_000_001, met: true, why: '' }]);
      expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBe(content.length - 5_000_001);
    });

    test('tells a node that cannot be reached from one that stopped', async () => {
      const cuts: (Cut | null)[] = [];
      await receiveFile(
        host,
        reception(taker, {
          nextSource: async (_bytes, last) => {
            cuts.push(last);
            if (last === null)
              return { kind: 'node', address: '127.0.0.1', port: 1, ticket: '1', token: 'x', leave: stay };
            return { kind: 'operator', leave: stay };
          },
        }),
      );
      expect(cuts).toEqual([null, { bytes: 0, met: false, why: '' }]);
      expect(arrived(taker)).toBe(true);
    });

    test('leaves a node that is too slow when it is told to, and keeps what it has', async () => {
      await fill(holder);
      const slow = await listen(2_000_000);
      const leave = new AbortController();
      const cuts: Cut[] = [];
      await receiveFile(
        host,
        reception(taker, {
          onProgress: (bytes) => {
            if (bytes > 500_000) leave.abort();
          },
          nextSource: async (_bytes, last) => {
            if (last === null) return { ...(await from(slow, holder)), leave: leave.signal };
            cuts.push(last);
            return { kind: 'operator', leave: stay };
          },
        }),
      );
      expect(cuts[0]?.bytes).toBeGreaterThan(500_000);
      expect(cuts[0]?.bytes).toBeLessThan(9_000_000);
      expect(arrived(taker)).toBe(true);
    });

    test('of a node that gives other bytes has only the wrong chunk sent again from us', async () => {
      await fill(holder);
      writeFileSync(join(holder, NAME), damagedAt(7_000_000));
      const listener = await listen();
      const seen: unknown[] = [];
      let sent = 0;
      const outcome = await receiveFile(
        host,
        reception(taker, {
          nextSource: () => from(listener, holder),
          onDamage: (chunks) => seen.push(chunks),
          pace: async (bytes) => {
            sent += bytes;
          },
        }),
      );
      expect(outcome).toBe('sent');
      expect(arrived(taker)).toBe(true);
      expect(readdirSync(taker)).toEqual([NAME]);
      expect(seen).toEqual([[{ start: MEND_BYTES, end: 2 * MEND_BYTES }]]);
      expect(sent).toBe(MEND_BYTES);
    });

    test('that is wrong here as well never gets its name', async () => {
      await fill(holder);
      const changed = join(root, 'changed');
      writeFileSync(changed, damagedAt(1));
      const listener = await listen();
      writeFileSync(join(holder, NAME), damagedAt(7_000_000));
      const copy = receiveFile(
        host,
        reception(taker, { source: changed, nextSource: () => from(listener, holder) }),
      );
      await expect(copy).rejects.toMatchObject({ code: 'upload-damaged' });
      expect(readdirSync(taker)).toEqual([]);
    });

    test.each([
      ['a wrong chunk', () => damagedAt(5).subarray(0, 9_000_001), MEND_BYTES, 9_000_001],
      ['mostly other bytes', () => Buffer.alloc(9_000_001), 0, 0],
    ])('goes on from what an earlier try left with %s', async (_name, left, mended, kept) => {
      writeFileSync(join(taker, `.${NAME}.rke2ctl-part`), left());
      let there = -1;
      let sent = 0;
      await receiveFile(
        host,
        reception(taker, {
          nextSource: async () => ({ kind: 'operator', leave: stay }),
          onReady: (bytes) => {
            there = bytes;
          },
          pace: async (bytes) => {
            sent += bytes;
          },
        }),
      );
      expect(arrived(taker)).toBe(true);
      expect([there, sent]).toEqual([kept, mended + content.length - kept]);
    });

    test('is given once for a ticket, and to nobody without its secret', async () => {
      await fill(holder);
      const listener = await listen();
      const request = {
        peer: '127.0.0.1',
        path: join(holder, NAME),
        sizeBytes: content.length,
        isWhole: true,
      };
      const { ticket, token } = await listener.issue(request);
      expect(await speak(listener.port, `${ticket} ${'0'.repeat(48)} 0\n`)).toBe(0);
      expect(await speak(listener.port, `../${ticket} ${token} 0\n`)).toBe(0);
      expect(await speak(listener.port, `${ticket} ${token} 11000000\n`)).toBe(1_000_007);
      expect(await speak(listener.port, `${ticket} ${token} 0\n`)).toBe(0);
      const shown = execFileSync('ps', ['axeww', '-o', 'args'], { encoding: 'utf8' });
      expect(shown).toContain('systemd-socket-activate');
      expect(shown).not.toContain(token);
    });

    test('takes the next port where one is in use', async () => {
      const first = await listen();
      const second = await listen();
      expect([first.port, second.port]).toEqual([19344, 19343]);
    });
  },
);

/** Says a line to a port and counts what comes back. */
async function speak(port: number, line: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(socket, 'connect');
  socket.write(line);
  await once(socket, 'close');
  return bytes;
}

test.each([
  ['.bashrc', ['SSH_CLIENT=127.0.0.1 1 22']],
  ['BASH_ENV', ['BASH_ENV=/proc/self/cwd/.bashrc']],
  ['SYSTEMD_LOG_LEVEL', ['SYSTEMD_LOG_LEVEL=warning', 'SYSTEMD_LOG_TARGET=null']],
])('a file comes from another node as it is, whatever %s makes its tools say', async (_name, variables) => {
  writeFileSync(join(root, '.bashrc'), 'echo good morning\n');
  const environment = variables.map((variable) => variable.replace('/proc/self/cwd', root));
  holder = mkdtempSync(join(root, 'holder-'));
  taker = mkdtempSync(join(root, 'taker-'));
  const shell = ['env', '-u', 'SHLVL', `HOME=${root}`, ...environment, '/bin/sh'];
  host = createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });
  await fill(holder);
  const listener = await listen();
  const damaged: unknown[] = [];
  const nextSource = () => from(listener, holder);
  await receiveFile(host, reception(taker, { nextSource, onDamage: (chunks) => damaged.push(chunks) }));
  expect(damaged).toEqual([]);
  expect(arrived(taker)).toBe(true);
});
