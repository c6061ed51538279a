import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import aws4 from 'aws4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBucket } from '../../src/artifacts/s3-bucket.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { S3Settings } from '../../src/rke2/s3-settings.ts';
import { S3_KEYS, type S3Server, startS3Server } from '../lab/s3-server.ts';
import { FIRST_TOKEN, firstSnapshot } from '../support/sample-snapshots.ts';

let directory: string;
let server: S3Server;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rke2ctl-s3-'));
  server = await startS3Server({ directory });
  const labels = { 'x-amz-meta-rke2-token-hash': FIRST_TOKEN, 'x-amz-meta-rke2-node-name': 'node1' };
  await put('prod/on-demand-node1-1700000001', firstSnapshot(), labels);
  await put('prod/.metadata/on-demand-node1-1700000001', Buffer.from('{}'), labels);
  await put('prod/etcd-snapshot-node2-1700000002', firstSnapshot(), {});
  await put('other/elsewhere-node1-1700000003', firstSnapshot(), {});
});

afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

function settings(overrides: Partial<S3Settings> = {}): S3Settings {
  return {
    endpoint: `127.0.0.1:${server.port}`,
    tls: true,
    bucket: server.bucket,
    folder: 'prod',
    region: 'us-east-1',
    pathStyle: true,
    ca: server.ca,
    skipVerify: false,
    credentials: {
      accessKey: S3_KEYS.accessKey,
      secretKey: new Secret(S3_KEYS.secretKey),
      sessionToken: new Secret('carried'),
    },
    timeoutMs: 10_000,
    ...overrides,
  };
}

async function put(object: string, body: Buffer, headers: Record<string, string>): Promise<void> {
  const hash = createHash('sha256').update(body).digest('hex');
  const host = `127.0.0.1:${server.port}`;
  const path = `/${server.bucket}/${object}`;
  const signed = aws4.sign(
    {
      ...{ host, path, method: 'PUT', service: 's3', region: 'us-east-1' },
      headers: { ...headers, 'X-Amz-Content-Sha256': hash, 'Content-Length': body.length },
    },
    { accessKeyId: S3_KEYS.accessKey, secretAccessKey: S3_KEYS.secretKey },
  );
  const sent = request({
    ...{ hostname: '127.0.0.1', port: server.port, path, method: 'PUT', agent: false },
    ...{ headers: signed.headers ?? {}, ca: server.ca ?? '' },
  });
  sent.end(body);
  const [{ statusCode }] = await once(sent, 'response');
  expect(statusCode).toBe(200);
}

describe('a bucket of snapshots', () => {
  it('lists those of its folder, with what RKE2 labelled them with', async () => {
    const found = await openBucket(settings()).list();
    expect(found).toMatchObject([
      { name: 'etcd-snapshot-node2-1700000002', tokenId: null, node: null },
      {
        name: 'on-demand-node1-1700000001',
        object: 'prod/on-demand-node1-1700000001',
        sizeBytes: firstSnapshot().length,
        tokenId: FIRST_TOKEN,
        node: 'node1',
      },
    ]);
    expect(found[0]?.modifiedAt).toBeGreaterThan(Date.parse('2026-01-01'));
    expect(await openBucket(settings({ folder: '' })).list()).toEqual([]);
  });

  it('finds one by its name, or says that there is none', async () => {
    const bucket = openBucket(settings());
    expect(await bucket.find('on-demand-node1-1700000001')).toMatchObject({ tokenId: FIRST_TOKEN });
    expect(await bucket.find('on-demand-node1')).toBeNull();
  });

  it('is downloaded whole, for its owner alone', async () => {
    const target = join(directory, 'fetched');
    await openBucket(settings()).download('prod/on-demand-node1-1700000001', target);
    expect((await readFile(target)).equals(firstSnapshot())).toBe(true);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    const missing = openBucket(settings()).download('prod/none', target);
    await expect(missing).rejects.toMatchObject({ code: 's3-no-such-object' });
  });

  it('that does not fit onto this machine’s disk leaves nothing half there', async () => {
    const target = join(directory, 'full');
    await symlink('/dev/full', `${target}.part`);
    const download = openBucket(settings()).download('prod/on-demand-node1-1700000001', target);
    await expect(download).rejects.toMatchObject({ code: 'disk-full' });
    await expect(lstat(`${target}.part`)).rejects.toThrow('ENOENT');
  });
});

describe('what S3 refuses', () => {
  const keys = (accessKey: string, secretKey: string): Partial<S3Settings> => ({
    credentials: { accessKey, secretKey: new Secret(secretKey), sessionToken: null },
  });
  it.each<[string, () => Partial<S3Settings>, RegExp, RegExp]>([
    [
      'a bucket that is not there',
      () => ({ bucket: 'nobodys' }),
      /bucket nobodys at .* NoSuchBucket/,
      /`bucket_name`/,
    ],
    ['an unknown access key', () => keys('AKIDNOBODY', 'S3RVER'), /InvalidAccessKeyId/, /`access_key`/],
    ['a wrong secret key', () => keys('S3RVER', 'wrong'), /SignatureDoesNotMatch/, /`secret_key`/],
    ['a CA that nobody named', () => ({ ca: null }), /certificate that is not trusted/, /`custom_ca`/],
    ['a server without TLS', () => ({ tls: false }), /cannot be reached from here/, /`endpoint`/],
    [
      'nobody there',
      () => ({ endpoint: '127.0.0.1:9' }),
      /cannot be reached .*ECONNREFUSED/,
      /only the servers/,
    ],
  ])('%s is said in words', async (_what, overrides, message, hint) => {
    for (const call of ['list', 'find'] as const) {
      const failed = openBucket(settings(overrides()))[call]('x' as never);
      await expect(failed).rejects.toMatchObject({
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
    }
  });

  it('never tells a secret', async () => {
    const failed = openBucket(settings(keys('S3RVER', 'do-not-tell'))).list();
    const error = await failed.catch((thrown: Error) => thrown);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('do-not-tell');
  });
});
