import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { obtainReleaseFile } from '../../src/artifacts/obtain-release-file.ts';
import { proxyForUrl } from '../../src/artifacts/proxy-for-url.ts';
import type { ReleaseFile } from '../../src/artifacts/release-file.ts';
import { openTextCache } from '../../src/artifacts/text-cache.ts';
import { readUrlInventory, type UrlRelease, withSizes } from '../../src/artifacts/url-inventory.ts';
import { openUrlMemory } from '../../src/artifacts/url-memory.ts';
import { Secret } from '../../src/domain/secret.ts';

const hashOf = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const IMAGES = 'docker.io/rancher/rke2-runtime:v1.35.7-rke2r1\n';
const TARBALL = Buffer.alloc(300_000, 7);
const NAMES = {
  list: 'sha256sum-amd64.txt',
  images: 'rke2-images.linux-amd64.txt',
  tarball: 'rke2.linux-amd64.tar.gz',
};
const LIST = `${hashOf(IMAGES)}  ${NAMES.images}\n${hashOf(TARBALL)}  ${NAMES.tarball}\n${hashOf('x')}  rke2.linux-amd64\n`;

let root: string;
let server: Server;
let base: string;
let files: Record<string, string | Buffer>;
let asked: string[];
let refusesHead: boolean;
/** Bytes after which the next answer falls. */
let cut: number | null;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-url-'));
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rke2`;
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

beforeEach(() => {
  files = { [NAMES.list]: LIST, [NAMES.images]: IMAGES, [NAMES.tarball]: TARBALL };
  asked = [];
  refusesHead = false;
  cut = null;
});

function answer({ method = '', url = '', headers }: IncomingMessage, response: ServerResponse): void {
  asked.push(`${method} ${url.replace('/rke2/', '')}`);
  const text = files[url.replace(/^\/rke2\/|\?.*$/g, '')];
  if (headers.authorization !== `Basic ${Buffer.from('me:hunter2').toString('base64')}`)
    return void response.writeHead(401).end();
  if (text === undefined) return void response.writeHead(404).end();
  if (method === 'HEAD' && refusesHead) return void response.writeHead(403).end();
  const whole = Buffer.from(text);
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const body = whole.subarray(start, range?.[2] ? Number(range[2]) + 1 : undefined);
  response.writeHead(range === null ? 200 : 206, {
    'content-length': body.length,
    ...(range !== null && { 'content-range': `bytes ${start}-${start + body.length - 1}/${whole.length}` }),
  });
  if (cut === null) response.end(body);
  else response.write(body.subarray(0, cut), () => response.destroy());
  cut = null;
}

/** With a cache of its own unless one is named. */
function release(pin: string | null, more: Partial<UrlRelease> = {}): UrlRelease {
  const folder = mkdtempSync(join(root, 'cache-'));
  return {
    access: { base, login: new Secret('me:hunter2'), query: new Secret('sig=a') },
    pins: pin === null ? {} : { amd64: pin },
    folder: join(folder, 'releases'),
    texts: openTextCache(join(folder, 'lists')),
    memory: openUrlMemory(folder),
    signal: new AbortController().signal,
    env: {},
    ...more,
  };
}

async function fileOf(of: UrlRelease, name: string): Promise<ReleaseFile> {
  const file = (await readUrlInventory(of, ['amd64'])).archs['amd64']?.files[name];
  if (file === undefined) throw new Error(`no ${name}`);
  return file;
}

describe('a release at a URL', () => {
  it('is what its pinned list says, and is asked for nothing more once that is known', async () => {
    const of = release(hashOf(LIST));
    const { archs } = await readUrlInventory(of, ['amd64', 'arm64']).catch((error: unknown) => {
      // Nothing vouches for a list of arm64.
      expect(error).toMatchObject({ code: 'artifacts-not-pinned' });
      return readUrlInventory(of, ['amd64']);
    });
    expect(archs['amd64']).toMatchObject({ version: 'v1.35.7+rke2r1', checksumFile: NAMES.list });
    expect(Object.keys(archs['amd64']?.files ?? {})).toContain(NAMES.tarball);
    expect(asked).toContain(`GET ${NAMES.list}?sig=a`);
    const [sized] = await withSizes(of, [await fileOf(of, NAMES.tarball)]);
    expect(sized?.sizeBytes).toBe(TARBALL.length);
    asked = [];
    await withSizes(of, [await fileOf(of, NAMES.tarball)]);
    expect(asked).toEqual([]);
  });

  it('is refused when its list is another than the pinned one, or none', async () => {
    await expect(readUrlInventory(release(hashOf('other')), ['amd64'])).rejects.toMatchObject({
      code: 'artifacts-list-changed',
    });
    files[NAMES.list] = '<html>Please log in</html>';
    await expect(
      readUrlInventory(release(hashOf('<html>Please log in</html>')), ['amd64']),
    ).rejects.toMatchObject({ code: 'artifacts-checksums-unusable' });
  });

  it('is named without its query where it cannot be had', async () => {
    const wrong = release(hashOf(LIST), {
      access: { base, login: new Secret('me:other'), query: new Secret('sig=a') },
    });
    const refused: unknown = await readUrlInventory(wrong, ['amd64']).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'artifacts-url-refused', message: expect.stringContaining('401') });
    expect(String(refused)).not.toContain('sig=a');
    const nobody = release(hashOf(LIST), {
      access: { base: 'http://127.0.0.1:9/rke2', login: null, query: new Secret('sig=a') },
    });
    const away: unknown = await readUrlInventory(nobody, ['amd64']).catch((error: unknown) => error);
    expect(away).toMatchObject({ code: 'artifacts-unreachable' });
    expect(String(away)).not.toContain('sig=a');
  });

  it('tells sizes by GET where HEAD is refused, and what is not there', async () => {
    refusesHead = true;
    const of = release(hashOf(LIST));
    const sized = await withSizes(of, [
      await fileOf(of, NAMES.tarball),
      await fileOf(of, 'rke2.linux-amd64'),
    ]);
    expect(sized.map((file) => file?.sizeBytes ?? null)).toEqual([TARBALL.length, null]);
  });

  it('is fetched here once, from where it fell', async () => {
    const of = release(hashOf(LIST));
    const file = { ...(await fileOf(of, NAMES.tarball)), sizeBytes: TARBALL.length };
    cut = 100_000;
    await expect(obtainReleaseFile(of, file)).rejects.toMatchObject({ code: 'artifacts-unreachable' });
    await obtainReleaseFile(of, file);
    expect(readFileSync(file.path)).toEqual(TARBALL);
    asked = [];
    await obtainReleaseFile(of, file);
    expect(asked).toEqual([]);
  });

  it('is not kept here when it is not what its list says', async () => {
    const of = release(hashOf(LIST));
    files[NAMES.tarball] = Buffer.alloc(TARBALL.length);
    const file = { ...(await fileOf(of, NAMES.tarball)), sizeBytes: TARBALL.length };
    await expect(obtainReleaseFile(of, file)).rejects.toMatchObject({ code: 'artifacts-url-damaged' });
  });
});

describe('the proxy for a URL', () => {
  const environment = {
    HTTP_PROXY: 'http://p.example:3128',
    HTTPS_PROXY: new Secret('http://u:hunter2@p.example:3128'),
    NO_PROXY: '10.0.0.0/8,.inside.example,::1,mirror.example',
  };

  it.each([
    ['https://github.com/x', 'http://u:hunter2@p.example:3128'],
    ['http://github.com/x', 'http://p.example:3128'],
    ['https://10.1.2.3/x', null],
    ['https://11.1.2.3/x', 'http://u:hunter2@p.example:3128'],
    ['https://a.inside.example/x', null],
    ['https://notinside.example/x', 'http://u:hunter2@p.example:3128'],
    ['https://mirror.example:8443/x', null],
    ['https://[::1]/x', null],
  ])('%s', (url, proxy) => {
    expect(proxyForUrl(url, environment)).toBe(proxy);
  });

  it('is none without one', () => expect(proxyForUrl('https://github.com/x', {})).toBeNull());
});
