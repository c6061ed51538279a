import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AddonRequest, fetchAddon } from '../../src/artifacts/fetch-addon.ts';
import { openTextCache } from '../../src/artifacts/text-cache.ts';
import { sha256 } from '../../src/lib/hash.ts';

let folder: string;
let server: Server;
let base: string;
let asked: IncomingMessage[];
let body: string | Buffer;
let status: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl-addons-'));
  asked = [];
  body = 'kind: A\n';
  status = 200;
  server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function ask(overrides: Partial<AddonRequest> = {}): Promise<string> {
  return fetchAddon({
    name: 'monitoring',
    url: `${base}/a.yaml`,
    pin: null,
    update: false,
    cache: openTextCache(join(folder, 'addons')),
    recall: async () => null,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    env: {},
    ...overrides,
  });
}

describe('an addon at a URL', () => {
  it('is fetched once; what is pinned comes from the cache, where only the owner may look', async () => {
    expect(await ask()).toBe('kind: A\n');
    body = 'kind: B\n';
    expect(await ask({ pin: sha256('kind: A\n') })).toBe('kind: A\n');
    expect(asked).toHaveLength(1);
    const [name = ''] = readdirSync(join(folder, 'addons'));
    expect(name).toBe(sha256('kind: A\n'));
    expect(statSync(join(folder, 'addons', name)).mode & 0o777).toBe(0o600);
  });

  it('is fetched again where the cache lost it, or holds something else', async () => {
    await ask();
    const file = join(folder, 'addons', sha256('kind: A\n'));
    writeFileSync(file, 'kind: evil\n');
    expect(await ask({ pin: sha256('kind: A\n') })).toBe('kind: A\n');
    expect(readFileSync(file, 'utf8')).toBe('kind: A\n');
  });

  it('is had from the cluster itself where the cache has lost it, if it is the pinned one', async () => {
    const pin = sha256('kind: B\n');
    expect(await ask({ pin, recall: async () => 'kind: B\n' })).toBe('kind: B\n');
    expect(asked).toHaveLength(0);
    expect(await ask({ pin, recall: async () => null })).toBe('kind: B\n');
    const other = sha256('kind: C\n');
    await expect(ask({ pin: other, recall: async () => 'edited' })).rejects.toMatchObject({
      code: 'addon-changed',
    });
  });

  it('that changed since is refused with both hashes and the way out', async () => {
    const pin = sha256('kind: B\n');
    await expect(ask({ pin })).rejects.toMatchObject({
      code: 'addon-changed',
      message: expect.stringMatching(new RegExp(`${pin}.*${sha256('kind: A\n')}`)),
      hint: expect.stringContaining('--update-addons'),
    });
    expect(await ask({ pin, update: true })).toBe('kind: A\n');
  });

  it('gets user and password in a header, and no message shows them', async () => {
    status = 403;
    const url = `${base.replace('//', '//me:geheim@')}/a.yaml`;
    const error = await ask({ url }).catch((reason: unknown) => reason as Error);
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:geheim').toString('base64')}`);
    expect(error).toMatchObject({
      code: 'addon-unusable',
      message: expect.stringContaining('403 Forbidden'),
    });
    expect(String(error)).not.toContain('geheim');
  });

  it('that is no text is refused', async () => {
    body = Buffer.from([0x1f, 0x8b, 0xff, 0xfe]);
    await expect(ask()).rejects.toMatchObject({
      code: 'addon-unusable',
      message: expect.stringContaining('not text in UTF-8'),
    });
  });

  it('that nobody serves is said to be so, with the proxy that is not used', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(ask({ env: { HTTPS_PROXY: 'http://p' } })).rejects.toMatchObject({
      code: 'addon-unreachable',
      message: expect.stringMatching(/nothing listens there.*HTTPS_PROXY is set/),
    });
  });
});
