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
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDistributor, type Distributor, type HeldFile } from '../../src/artifacts/distributor.ts';
import type { Peer } from '../../src/artifacts/peer.ts';
import { fetchRequest } from '../../src/host/fetch-request.ts';
import { createHost } from '../../src/host/host.ts';
import type { Upload } from '../../src/host/run-receive.ts';
import { createLocalTransport } from '../support/local-transport.ts';

const content = randomBytes(6_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');
const NAME = 'rke2-images.tar.zst';
const LOGIN = 'somebody:p"a\\ss word';

let root: string;
let directory: string;
let server: Server;
let url: string;
let served: Buffer;
/** After how many bytes the next answers are cut off. */
let cuts: number[];
let knowsRanges: boolean;
let asked: string[];
let obtained: number;
let unreached: string[];
let distributor: Distributor;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-by-url-'));
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release/${NAME}?sig=a&b=c`;
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

beforeEach(() => {
  directory = mkdtempSync(join(root, 'case-'));
  served = content;
  cuts = [];
  knowsRanges = true;
  asked = [];
  obtained = 0;
  unreached = [];
  make();
});

function make(held: readonly HeldFile[] = []): void {
  distributor = createDistributor({
    host: () => createHost(createLocalTransport(), { askSudoPassword: async () => null }),
    isShared: true,
    held,
    fanOut: 2,
    nodeBytesPerSecond: null,
    zone: null,
    now: () => performance.now(),
    onUnreached: (key, shown, why) => unreached.push(`${key} ${shown} ${why}`),
  });
}

afterEach(() => distributor.close());

function answer(request: IncomingMessage, response: ServerResponse): void {
  const start = knowsRanges ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  asked.push(`${request.url} ${start}`);
  const login = Buffer.from(LOGIN).toString('base64');
  if (request.headers.authorization !== `Basic ${login}`) return void response.writeHead(401).end();
  const body = served.subarray(start);
  const range = start > 0 ? { 'content-range': `bytes ${start}-${served.length - 1}/${served.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length, ...range });
  const cut = cuts.shift();
  if (cut === undefined) response.end(body);
  else response.write(body.subarray(0, cut), () => response.destroy());
}

const NODES: readonly Peer[] = [1, 2, 3].map((number) => ({
  key: `n${number}`,
  address: `127.0.0.${number + 1}`,
}));
const [FIRST, SECOND] = NODES as [Peer, Peer, Peer];

const pathOn = ({ key }: Peer) => join(directory, key, NAME);
const hasIt = (peer: Peer) => existsSync(pathOn(peer)) && readFileSync(pathOn(peer)).equals(content);

function upload(peer: Peer, address = url): Upload {
  const source = join(directory, 'obtained');
  return {
    source,
    origin: {
      url: 'http://mirror/release',
      request: fetchRequest({ url: address, login: LOGIN, proxy: null }),
      obtain: async () => {
        obtained += 1;
        writeFileSync(source, content);
      },
    },
    destination: pathOn(peer),
    sha256,
    sizeBytes: content.length,
    mode: '0644',
  };
}

const deliver = (peer: Peer, address?: string) => distributor.deliver(peer, upload(peer, address));
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9/release';

describe('a file at a URL', () => {
  test('is fetched by each node, with login and query', async () => {
    expect(await Promise.all(NODES.map((peer) => deliver(peer)))).toEqual(NODES.map(() => 'sent'));
    expect(NODES.filter(hasIt)).toEqual(NODES);
    expect(asked).toEqual(NODES.map(() => `/release/${NAME}?sig=a&b=c 0`));
    expect([obtained, unreached]).toEqual([0, []]);
    expect(await deliver(FIRST)).toBe('present');
    expect(readdirSync('/run').filter((name) => name.startsWith('rke2ctl-fetch.'))).toEqual([]);
  });

  test.each([
    ['goes on where it was cut off', true],
    ['goes on where it was cut off, by a server that knows no ranges', false],
  ])('%s', async (_name, ranges) => {
    cuts = [2_000_000, 1_500_000];
    knowsRanges = ranges;
    await deliver(FIRST);
    expect(hasIt(FIRST)).toBe(true);
    const starts = asked.map((line) => Number(line.split(' ').at(-1)));
    expect(starts.slice(1).some((start) => start > 1_000_000)).toBe(ranges);
    expect(unreached).toEqual([]);
  });

  test('with other bytes is thrown away, and its URL is named', async () => {
    served = Buffer.alloc(content.length);
    await expect(deliver(FIRST)).rejects.toMatchObject({
      code: 'artifacts-url-damaged',
      message: expect.stringContaining('http://mirror/release'),
    });
    expect(readdirSync(join(directory, FIRST.key))).toEqual([]);
  });

  test('comes from another node to one that does not reach it', async () => {
    await Promise.all([deliver(FIRST, NOWHERE), deliver(SECOND)]);
    expect([FIRST, SECOND].filter(hasIt)).toEqual([FIRST, SECOND]);
    expect([obtained, asked.length]).toEqual([0, 1]);
    expect(unreached).toEqual([expect.stringMatching(/^n1 http:\/\/mirror\/release .*(refused|connect)/i)]);
  });

  test('comes by way of this machine where no node reaches it', async () => {
    await Promise.all(NODES.map((peer) => deliver(peer, NOWHERE)));
    expect(NODES.filter(hasIt)).toEqual(NODES);
    expect(obtained).toBeGreaterThan(0);
    expect(unreached).toHaveLength(NODES.length);
  });

  test('is fetched anew where what lies there was of another file', async () => {
    mkdirSync(join(directory, FIRST.key));
    writeFileSync(join(directory, FIRST.key, `.${NAME}.rke2ctl-part`), Buffer.alloc(4_000_000));
    await deliver(FIRST);
    expect(hasIt(FIRST)).toBe(true);
    expect(asked.map((line) => Number(line.split(' ').at(-1)))).toEqual([4_000_000, 0]);
  });

  test('that another node gives with a wrong byte is fetched by way of this machine, as it does not lie here', async () => {
    mkdirSync(join(directory, SECOND.key));
    const damaged = Buffer.from(content);
    damaged.writeUInt8((damaged.readUInt8(9) + 1) % 256, 9);
    writeFileSync(pathOn(SECOND), damaged);
    make([{ peer: SECOND, sha256, path: pathOn(SECOND) }]);
    await deliver(FIRST, NOWHERE);
    expect(hasIt(FIRST)).toBe(true);
    expect(obtained).toBe(1);
  });

  test('says why a server refuses it', async () => {
    const request = fetchRequest({ url, login: 'wrong:one', proxy: null });
    const { origin, ...rest } = upload(FIRST);
    if (origin === undefined) throw new Error('no origin');
    await distributor.deliver(FIRST, { ...rest, origin: { ...origin, request } });
    expect(unreached[0]).toContain('401');
  });
});
