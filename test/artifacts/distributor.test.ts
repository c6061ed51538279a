import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createDistributor,
  type Distributor,
  type DistributorOptions,
} from '../../src/artifacts/distributor.ts';
import type { Peer } from '../../src/artifacts/peer.ts';
import { MEND_BYTES } from '../../src/host/damaged-chunks.ts';
import { createHost } from '../../src/host/host.ts';
import type { Upload } from '../../src/host/run-receive.ts';
import { createLocalTransport } from '../support/local-transport.ts';

const content = randomBytes(20_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');
const NAME = 'rke2-images.tar.zst';

let root: string;
let directory: string;
let source: string;
let sent: number;
let distributor: Distributor;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-distributor-'));
  source = join(root, 'source');
  writeFileSync(source, content);
});

afterAll(() => rmSync(root, { recursive: true }));

beforeEach(() => {
  directory = mkdtempSync(join(root, 'case-'));
  sent = 0;
});

afterEach(() => distributor.close());

/** Nodes that are this machine, each with a loopback address and a directory of its own. */
const NODES: readonly Peer[] = [1, 2, 3, 4, 5, 6].map((number) => ({
  key: `n${number}`,
  address: `127.0.0.${number + 1}`,
}));

function make(more: Partial<DistributorOptions> = {}): Distributor {
  distributor = createDistributor({
    host: () => createHost(createLocalTransport(), { askSudoPassword: async () => null }),
    isShared: true,
    held: [],
    fanOut: 2,
    nodeBytesPerSecond: null,
    zone: null,
    // Slow enough that everybody comes while the first still takes.
    pace: async (bytes) => {
      sent += bytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    },
    now: () => performance.now(),
    ...more,
  });
  return distributor;
}

const pathOn = ({ key }: Peer) => join(directory, key, NAME);

const upload = (peer: Peer): Upload => ({
  source,
  destination: pathOn(peer),
  sha256,
  sizeBytes: content.length,
  mode: '0644',
});

const deliver = (peer: Peer) => distributor.deliver(peer, upload(peer));
const hasIt = (peer: Peer) => existsSync(pathOn(peer)) && readFileSync(pathOn(peer)).equals(content);
function damagedAt(index: number): Buffer {
  const damaged = Buffer.from(content);
  damaged.writeUInt8((damaged.readUInt8(index) + 1) % 256, index);
  return damaged;
}

const listeners = () => readdirSync('/run').filter((name) => name.startsWith('rke2ctl-serve.'));

describe('a file for six nodes', () => {
  test('leaves this machine once, and no listener behind', async () => {
    make();
    const told: string[] = [];
    const onSource = (from: string) => void told.push(from);
    const all = NODES.map((peer) => distributor.deliver(peer, { ...upload(peer), onSource }));
    expect(await Promise.all(all)).toEqual(NODES.map(() => 'sent'));
    expect(told.filter((from) => from === 'here')).toHaveLength(1);
    expect(NODES.map(({ key }) => key)).toEqual(
      expect.arrayContaining(told.filter((from) => from !== 'here')),
    );
    expect(told.length).toBeGreaterThanOrEqual(NODES.length);
    expect(NODES.filter(hasIt)).toEqual(NODES);
    expect(sent).toBe(content.length);
    expect(listeners()).not.toEqual([]);
    await distributor.close();
    expect(listeners()).toEqual([]);
  });

  test('does not leave this machine at all when one of them has it', async () => {
    const [old, ...others] = NODES as [Peer, ...Peer[]];
    mkdirSync(join(directory, old.key));
    writeFileSync(pathOn(old), content);
    make({ held: [{ peer: old, sha256, path: pathOn(old) }] });
    await Promise.all(others.map(deliver));
    expect(others.filter(hasIt)).toEqual(others);
    expect(sent).toBe(0);
  });

  test('comes from here to each when they do not let each other in', async () => {
    // Addresses that are nobody's: no listener comes up.
    make();
    const strangers = NODES.slice(0, 3).map(({ key }) => ({ key, address: '192.0.2.1' }));
    await Promise.all(strangers.map(deliver));
    expect(strangers.filter(hasIt)).toEqual(strangers);
    expect(sent).toBe(3 * content.length);
  });

  test('comes from here to each when that is asked for', async () => {
    make({ fanOut: 0 });
    await Promise.all(NODES.slice(0, 2).map(deliver));
    expect(sent).toBe(2 * content.length);
    expect(listeners()).toEqual([]);
  });

  test('that one gives away wholly wrong comes from here', async () => {
    const [old, other] = NODES as [Peer, Peer];
    mkdirSync(join(directory, old.key));
    writeFileSync(pathOn(old), Buffer.alloc(content.length));
    make({ held: [{ peer: old, sha256, path: pathOn(old) }] });
    await deliver(other);
    expect(hasIt(other)).toBe(true);
    expect(sent).toBe(content.length);
  });

  test('that one gives two others with a wrong byte costs a chunk for each, and that one is not asked again', async () => {
    const [old, second, third, fourth] = NODES as [Peer, Peer, Peer, Peer];
    mkdirSync(join(directory, old.key));
    writeFileSync(pathOn(old), damagedAt(9_000_000));
    make({ held: [{ peer: old, sha256, path: pathOn(old) }] });
    await Promise.all([deliver(second), deliver(third)]);
    expect([second, third].filter(hasIt)).toEqual([second, third]);
    expect(sent).toBe(2 * MEND_BYTES);
    await deliver(fourth);
    expect(hasIt(fourth)).toBe(true);
    expect(sent).toBe(2 * MEND_BYTES);
  });

  test('costs the others nothing but the rest when the first gives up on the way', async () => {
    make();
    const cancel = new AbortController();
    const [first, ...others] = NODES as [Peer, ...Peer[]];
    const dying = distributor.deliver(first, {
      ...upload(first),
      signal: cancel.signal,
      onProgress: (bytes) => {
        if (bytes > 5_000_000) cancel.abort();
      },
    });
    const rest = others.map(deliver);
    await expect(dying).rejects.toThrow();
    await Promise.all(rest);
    expect(others.filter(hasIt)).toEqual(others);
    // What was on its way to the first alone is sent twice, at most.
    expect(sent).toBeLessThan(1.6 * content.length);
  });
});
