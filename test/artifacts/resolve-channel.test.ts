import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ChannelRequest, resolveChannel } from '../../src/artifacts/resolve-channel.ts';
import { ConnectError, Rke2ctlError } from '../../src/domain/errors.ts';

let servers: Server[] = [];

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A mirror that answers as given; returns its base URL. */
async function mirror(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(answer))}`;
}

function redirect(...locations: readonly string[]): {
  readonly answer: RequestListener;
  readonly asked: IncomingMessage[];
} {
  const asked: IncomingMessage[] = [];
  return {
    asked,
    answer: (request, response) => {
      asked.push(request);
      response.writeHead(302, { location: locations[asked.length - 1] ?? '/nowhere' }).end();
    },
  };
}

function request(overrides: Partial<ChannelRequest>): ChannelRequest {
  return { channel: 'stable', mirror: null, timeoutMs: 5_000, env: {}, ...overrides };
}

async function failure(overrides: Partial<ChannelRequest>): Promise<Rke2ctlError> {
  const error: unknown = await resolveChannel(request(overrides)).catch((reason: unknown) => reason);
  if (error instanceof Rke2ctlError) return error;
  throw new Error(`expected an error that people see, got ${String(error)}`);
}

describe('resolveChannel', () => {
  it('takes the version from the redirect, without going to the release page', async () => {
    const { answer, asked } = redirect('https://github.com/rancher/rke2/releases/tag/v1.35.7%2Brke2r1');
    expect(await resolveChannel(request({ mirror: `${await mirror(answer)}/` }))).toBe('v1.35.7+rke2r1');
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1-release/channels/stable']);
  });

  it('goes through redirects that only lead elsewhere', async () => {
    const { answer, asked } = redirect('/elsewhere/stable', 'tag/v1.36.4+rke2r1');
    expect(await resolveChannel(request({ mirror: await mirror(answer) }))).toBe('v1.36.4+rke2r1');
    expect(asked.map(({ url }) => url)).toEqual(['/v1-release/channels/stable', '/elsewhere/stable']);
  });

  it('keeps a channel’s name inside its path element', async () => {
    const { answer, asked } = redirect('/v1.36.4+rke2r1');
    await resolveChannel(request({ mirror: await mirror(answer), channel: '../v1?x#y' }));
    expect(asked[0]?.url).toBe('/v1-release/channels/..%2Fv1%3Fx%23y');
  });

  it('sends the mirror’s password to the mirror only, and shows it to nobody', async () => {
    const other = redirect('/v1.36.4+rke2r1');
    const elsewhere = await mirror(other.answer);
    const first = redirect(`${elsewhere}/stable`);
    const base = (await mirror(first.answer)).replace('//', '//ops:hunter2@');
    await resolveChannel(request({ mirror: base }));
    expect(first.asked[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ops:hunter2').toString('base64')}`,
    );
    expect(other.asked[0]?.headers.authorization).toBeUndefined();
    const error = await failure({ mirror: 'http://ops:hunter2@127.0.0.1:1' });
    expect(`${error.message}${error.hint}${error.stack}${String(error.cause)}`).not.toContain('hunter2');
  });
});

describe('what goes wrong', () => {
  it('404: names the channel, and channels that exist', async () => {
    const base = await mirror((_request, response) => response.writeHead(404).end());
    const error = await failure({ mirror: base, channel: 'stabel' });
    expect(error).toMatchObject({ code: 'channel-unknown', hint: expect.stringContaining('stable, latest') });
    expect(error.message).toContain('no RKE2 channel stabel');
  });

  it.each<[string, RequestListener, RegExp]>([
    ['a login page', (_request, response) => response.end('<html>'), /it answers 200/],
    ['a server error', (_request, response) => response.writeHead(503).end(), /it answers 503/],
    [
      'a redirect without an address',
      (_request, response) => response.writeHead(302).end(),
      /it answers 302/,
    ],
    [
      'a circle',
      (_request, response) => response.writeHead(302, { location: '/x' }).end(),
      /more than 5 times/,
    ],
    [
      'a tag that is no version',
      (_request, response) => response.writeHead(302, { location: '/tag/%ZZ' }).end(),
      /more than 5/,
    ],
  ])('%s: says what came instead', async (_name, answer, message) => {
    const error = await failure({ mirror: await mirror(answer) });
    expect(error).toMatchObject({ code: 'channel-unusable', message: expect.stringMatching(message) });
    expect(error.hint).toContain('kubernetes_version');
  });

  it('no answer: gives up in time, and may be tried again', async () => {
    const base = await mirror(() => {});
    const error = await failure({ mirror: base, timeoutMs: 200 });
    expect(error).toMatchObject({ code: 'channel-timeout', retryable: true });
    expect(error.message).toContain('within 0.2 s');
  });

  it('nobody there: says so, and that a proxy was not asked', async () => {
    const closed = createServer();
    const base = `http://127.0.0.1:${await listen(closed)}`;
    await new Promise((resolve) => closed.close(resolve));
    const error = await failure({ mirror: base, env: { HTTPS_PROXY: 'http://proxy:3128' } });
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain('nothing listens there');
    expect(error.message).toContain('HTTPS_PROXY is set, but');
  });

  it.each([
    ['ENOTFOUND', 'its name is not known'],
    ['EAI_AGAIN', 'cannot be resolved just now'],
    ['CERT_HAS_EXPIRED', 'clock of this machine'],
    ['ESOMETHING', 'ESOMETHING'],
    [undefined, 'inner'],
  ])('%s, as fetch wraps it', async (code, words) => {
    const cause = Object.assign(new Error('inner'), { code });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause })));
    expect((await failure({})).message).toContain(words);
  });

  it('a certificate of an unknown CA: names the variable that helps', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const how = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 1 -keyout ${key} -out ${cert}`;
    execFileSync('openssl', how.split(' '), { stdio: 'ignore' });
    const port = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
    const error = await failure({ mirror: `https://127.0.0.1:${port}` });
    expect(error.message).toContain('self-signed');
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
    rmSync(folder, { recursive: true });
  });

  it('stopped by the person at the terminal', async () => {
    const base = await mirror(() => {});
    const signal = AbortSignal.timeout(100);
    expect(await failure({ mirror: base, signal })).toMatchObject({ code: 'cancelled', exitCode: 130 });
  });
});
