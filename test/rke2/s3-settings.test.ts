import { describe, expect, it } from 'vitest';
import type { Rke2Values } from '../../src/domain/cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { s3Access } from '../../src/rke2/s3-settings.ts';
import { makeCluster } from '../support/make-cluster.ts';

const KEYS = { 'etcd-s3-access-key': new Secret('key'), 'etcd-s3-secret-key': new Secret('secret') };
const BUCKET = { 'etcd-s3': true, 'etcd-s3-bucket': 'backups' };

function access(server: Rke2Values, secrets: Readonly<Record<string, Secret>> = KEYS) {
  const files = [{ path: '/etc/ca.crt', content: 'PEM', on: 'servers' as const }];
  return s3Access(makeCluster({ rke2: { server, agent: {}, secrets }, files }));
}

function settings(server: Rke2Values, secrets = KEYS) {
  const found = access({ ...BUCKET, ...server }, secrets);
  if (found.kind !== 'settings') throw new Error(found.kind);
  return found.settings;
}

describe('how S3 is reached from here', () => {
  it('is as the servers are told to, with RKE2’s defaults', () => {
    expect(settings({})).toMatchObject({
      ...{
        endpoint: 's3.amazonaws.com',
        tls: true,
        region: 'us-east-1',
        folder: '',
        pathStyle: false,
        ca: null,
      },
      ...{ timeoutMs: 300_000, skipVerify: false, credentials: { accessKey: 'key', sessionToken: null } },
    });
    const own = settings({
      ...{ 'etcd-s3-endpoint': 'minio:9000', 'etcd-s3-insecure': true, 'etcd-s3-folder': '/a/b/' },
      ...{ 'etcd-s3-endpoint-ca': '/etc/ca.crt', 'etcd-s3-timeout': '20s', 'etcd-s3-region': 'here' },
    });
    expect(own).toMatchObject({
      ...{ endpoint: 'minio:9000', tls: false, folder: 'a/b', ca: 'PEM', timeoutMs: 20_000, region: 'here' },
      pathStyle: true,
    });
  });

  it('puts the bucket where the server wants it', () => {
    const style = (endpoint: string, more: Rke2Values = {}) =>
      settings({ 'etcd-s3-endpoint': endpoint, ...more }).pathStyle;
    expect(style('s3.eu-west-1.amazonaws.com')).toBe(false);
    expect(style('s3.amazonaws.com', { 'etcd-s3-bucket': 'with.dots' })).toBe(true);
    expect(style('s3.amazonaws.com', { 'etcd-s3-bucket-lookup-type': 'path' })).toBe(true);
    expect(style('minio.example.com')).toBe(true);
    expect(style('minio.example.com', { 'etcd-s3-bucket-lookup-type': 'dns' })).toBe(false);
    expect(settings({ 'etcd-s3-region': 'eu-central-1' }).endpoint).toBe('s3.eu-central-1.amazonaws.com');
  });

  it('carries a session token', () => {
    const token = { 'etcd-s3-session-token': new Secret('token') };
    expect(settings({}, { ...KEYS, ...token }).credentials.sessionToken?.reveal()).toBe('token');
  });

  it('is not known where the file leaves it to the cluster or the servers', () => {
    expect(access({})).toEqual({ kind: 'none' });
    const reasons: readonly [ReturnType<typeof access>, RegExp][] = [
      [access({ 'etcd-s3': true, 'etcd-s3-config-secret': 'mine' }), /the Secret mine/],
      [access(BUCKET, {}), /AWS_ACCESS_KEY_ID/],
      [access({ ...BUCKET, 'etcd-s3-proxy': 'http://proxy' }), /proxy http:\/\/proxy/],
    ];
    for (const [found, words] of reasons)
      expect(found).toEqual({ kind: 'unknown', reason: expect.stringMatching(words) });
    const fallback = { accessKey: 'mine', secretKey: new Secret('x'), sessionToken: null };
    const cluster = makeCluster({ rke2: { server: BUCKET, agent: {}, secrets: {} } });
    expect(s3Access(cluster, fallback)).toMatchObject({ settings: { credentials: { accessKey: 'mine' } } });
  });
});
