import type { Cluster, Rke2Value } from '../domain/cluster.ts';
import type { Secret } from '../domain/secret.ts';

/** How a bucket is reached, as the servers are told to reach it. */
export interface S3Settings {
  /** `host` or `host:port`. */
  readonly endpoint: string;
  /** False: no TLS. */
  readonly tls: boolean;
  readonly bucket: string;
  /** Without slashes at its ends; empty: none. */
  readonly folder: string;
  readonly region: string;
  /** The bucket's name stands in the path, not before the host. */
  readonly pathStyle: boolean;
  /** PEM of the CA that signed the server's certificate; null: one of the well-known ones. */
  readonly ca: string | null;
  readonly skipVerify: boolean;
  readonly credentials: S3Credentials;
  readonly timeoutMs: number;
}

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: Secret;
  readonly sessionToken: Secret | null;
}

/** What is known from here about the bucket: nothing, how to ask it, or why that cannot be done from here. */
export type S3Access =
  | { readonly kind: 'none' }
  | { readonly kind: 'settings'; readonly settings: S3Settings }
  | { readonly kind: 'unknown'; readonly reason: string };

const DEFAULT_TIMEOUT_MS = 300_000;

/** RKE2's own defaults for what the file leaves out. */
const DEFAULT_ENDPOINT = 's3.amazonaws.com';
const DEFAULT_REGION = 'us-east-1';

/**
 * The bucket of a cluster's snapshots, with the keys of the file; `fallback` are credentials to use where the file names
 * none, because the servers have a role of their own.
 */
export function s3Access(cluster: Cluster, fallback: S3Credentials | null = null): S3Access {
  const { server, secrets } = cluster.rke2;
  if (server['etcd-s3'] !== true) return { kind: 'none' };
  const bucket = text(server['etcd-s3-bucket']);
  if (bucket === null) {
    const name = text(server['etcd-s3-config-secret']) ?? '';
    return {
      kind: 'unknown',
      reason: `the settings of S3 are in the Secret ${name} of the cluster, which is not read from here`,
    };
  }
  const proxy = text(server['etcd-s3-proxy']);
  if (proxy !== null && proxy !== 'none')
    return { kind: 'unknown', reason: `S3 is reached through the proxy ${proxy} of the servers` };
  const credentials = ownCredentials(secrets) ?? fallback;
  if (credentials === null) {
    return {
      kind: 'unknown',
      reason:
        'the file has no `access_key` and `secret_key` for S3, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set here',
    };
  }
  const region = text(server['etcd-s3-region']) ?? DEFAULT_REGION;
  const endpoint = regional(text(server['etcd-s3-endpoint']) ?? DEFAULT_ENDPOINT, region);
  const tls = server['etcd-s3-insecure'] !== true;
  const settings: S3Settings = {
    endpoint,
    tls,
    bucket,
    folder: (text(server['etcd-s3-folder']) ?? '').replace(/^\/+|\/+$/g, ''),
    region,
    pathStyle: isPathStyle(text(server['etcd-s3-bucket-lookup-type']) ?? 'auto', endpoint, bucket, tls),
    ca: caOf(cluster),
    skipVerify: server['etcd-s3-skip-ssl-verify'] === true,
    credentials,
    timeoutMs: seconds(text(server['etcd-s3-timeout'])) ?? DEFAULT_TIMEOUT_MS,
  };
  return { kind: 'settings', settings };
}

function ownCredentials(secrets: Cluster['rke2']['secrets']): S3Credentials | null {
  const accessKey = secrets['etcd-s3-access-key'];
  const secretKey = secrets['etcd-s3-secret-key'];
  if (accessKey === undefined || secretKey === undefined) return null;
  const sessionToken = secrets['etcd-s3-session-token'] ?? null;
  return { accessKey: accessKey.reveal(), secretKey, sessionToken };
}

/** AWS takes a request for a bucket of another region only at that region's own address. */
function regional(endpoint: string, region: string): string {
  return endpoint === DEFAULT_ENDPOINT && region !== DEFAULT_REGION ? `s3.${region}.amazonaws.com` : endpoint;
}

/** As RKE2's client decides: the big clouds want the bucket before the host, where its name fits a certificate there. */
function isPathStyle(lookup: string, endpoint: string, bucket: string, tls: boolean): boolean {
  if (lookup === 'path' || lookup === 'dns') return lookup === 'path';
  const isCloud = /(^|\.)(amazonaws\.com(\.cn)?|storage\.googleapis\.com|aliyuncs\.com)(:\d+)?$/.test(
    endpoint,
  );
  return !isCloud || (tls && bucket.includes('.'));
}

function caOf({ rke2, files }: Cluster): string | null {
  const path = text(rke2.server['etcd-s3-endpoint-ca']);
  const content = files.find((file) => file.path === path)?.content;
  return typeof content === 'string' ? content : (content?.reveal() ?? null);
}

function text(value: Rke2Value | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A duration as `services.etcd.backup_config.timeout` becomes one: `300s`; other units are left to RKE2. */
function seconds(duration: string | null): number | null {
  const count = /^(\d+)s$/.exec(duration ?? '')?.[1];
  return count === undefined ? null : Number(count) * 1000;
}
