import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { posix } from 'node:path';
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import aws4 from 'aws4';
import type { ParsedFlags } from '../flags.ts';
import { isSet, numberOf, textOf } from '../flags.ts';
import type { HttpResponse } from '../http.ts';
import { send } from '../http.ts';
import { CommandError, reasonOf } from '../log.ts';

/** How the bucket is reached, as the flags say. */
export interface S3Config {
  readonly endpoint: string;
  /** Paths of PEM files, or PEM in base64, with blanks between. */
  readonly endpointCa: string;
  readonly insecure: boolean;
  readonly skipVerify: boolean;
  readonly bucket: string;
  readonly folder: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string;
  readonly retention: number;
}

/** What an upload is labelled with. */
export interface S3Labels {
  readonly nodeName: string;
  readonly tokenHash: string;
}

/** A snapshot in the bucket. */
export interface S3Object extends S3Labels {
  readonly name: string;
  readonly location: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

const METADATA = '.metadata';

/** The S3 part of the flags; undefined without `etcd-s3`. */
export function s3ConfigOf(flags: ParsedFlags): S3Config | undefined {
  if (!isSet(flags, 'etcd-s3')) return undefined;
  return {
    endpoint: textOf(flags, 'etcd-s3-endpoint', 's3.amazonaws.com'),
    endpointCa: textOf(flags, 'etcd-s3-endpoint-ca'),
    insecure: isSet(flags, 'etcd-s3-insecure'),
    skipVerify: isSet(flags, 'etcd-s3-skip-ssl-verify'),
    bucket: textOf(flags, 'etcd-s3-bucket'),
    folder: textOf(flags, 'etcd-s3-folder'),
    region: textOf(flags, 'etcd-s3-region', 'us-east-1'),
    accessKey: textOf(flags, 'etcd-s3-access-key', process.env['AWS_ACCESS_KEY_ID'] ?? ''),
    secretKey: textOf(flags, 'etcd-s3-secret-key', process.env['AWS_SECRET_ACCESS_KEY'] ?? ''),
    sessionToken: textOf(flags, 'etcd-s3-session-token', process.env['AWS_SESSION_TOKEN'] ?? ''),
    retention: numberOf(flags, 'etcd-s3-retention', 5),
  };
}

/** A bucket that was there when it was opened. Path style, which every server understands. */
export class S3Client {
  readonly config: S3Config;

  private constructor(config: S3Config) {
    this.config = config;
  }

  /** Rejects with `failed to initialize S3 client: …` where the bucket cannot be reached with these keys. */
  static async open(config: S3Config): Promise<S3Client> {
    const client = new S3Client(config);
    try {
      if (config.bucket === '') throw new CommandError('s3 bucket name was not set');
      if (config.accessKey === '' || config.secretKey === '')
        throw new CommandError('failed to get credentials: no IAM role is to be had here');
      const { status } = await client.#ask('HEAD', '').catch((error: unknown) => {
        throw new CommandError(`failed to test for existence of bucket ${config.bucket}: ${reasonOf(error)}`);
      });
      if (status === 404) throw new CommandError(`bucket ${config.bucket} does not exist`);
      if (status !== 200) {
        const words = status === 403 ? 'Access Denied.' : `status ${status}`;
        throw new CommandError(`failed to test for existence of bucket ${config.bucket}: ${words}`);
      }
    } catch (error) {
      throw new CommandError(`failed to initialize S3 client: ${reasonOf(error)}`);
    }
    return client;
  }

  async upload(name: string, content: Buffer, labels: S3Labels): Promise<S3Object> {
    const { status, body } = await this.#ask('PUT', this.#key(name), {
      body: content,
      headers: {
        'content-type': name.endsWith('.zip') ? 'application/zip' : 'application/octet-stream',
        'x-amz-meta-rke2-node-name': labels.nodeName,
        'x-amz-meta-rke2-token-hash': labels.tokenHash,
      },
    });
    if (status !== 200) throw new CommandError(wordsOf(status, body));
    return { name, location: this.#location(name), size: content.length, modified: Date.now(), ...labels };
  }

  async list(): Promise<readonly S3Object[]> {
    const query = `?list-type=2&prefix=${encodeURIComponent(this.config.folder)}`;
    const { status, body } = await this.#ask('GET', '', { query });
    if (status !== 200) throw new CommandError(wordsOf(status, body));
    const keys = childrenOf(parseXml(body.toString()).root, 'Contents').map((entry) => textIn(entry, 'Key'));
    const snapshots = keys.filter((key) => posix.basename(posix.dirname(key)) !== METADATA);
    return Promise.all(
      snapshots.map(async (key) => {
        const { headers } = await this.#ask('HEAD', key);
        const header = (name: string): string => String(headers[name] ?? '');
        return {
          name: posix.basename(key),
          location: `s3://${this.config.bucket}/${key}`,
          size: Number(header('content-length')),
          modified: Date.parse(header('last-modified')),
          nodeName: header('x-amz-meta-rke2-node-name'),
          tokenHash: header('x-amz-meta-rke2-token-hash'),
        };
      }),
    );
  }

  /** False when there was none of that name. */
  async delete(name: string): Promise<boolean> {
    const { status } = await this.#ask('HEAD', this.#key(name));
    if (status === 404) return false;
    const removed = await this.#ask('DELETE', this.#key(name));
    if (removed.status >= 300) throw new CommandError(wordsOf(removed.status, removed.body));
    return true;
  }

  async download(name: string): Promise<Buffer> {
    const { status, body } = await this.#ask('GET', this.#key(name));
    if (status !== 200) throw new CommandError(wordsOf(status, body));
    return body;
  }

  #key(name: string): string {
    return posix.join(this.config.folder, name);
  }

  #location(name: string): string {
    return `s3://${this.config.bucket}/${this.#key(name)}`;
  }

  #ask(
    method: string,
    key: string,
    more: {
      readonly query?: string;
      readonly body?: Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<HttpResponse> {
    const { bucket, endpoint, insecure, region, accessKey, secretKey, sessionToken } = this.config;
    const path = `/${[bucket, ...key.split('/').filter(Boolean)].map(encodeURIComponent).join('/')}`;
    const hash = createHash('sha256')
      .update(more.body ?? '')
      .digest('hex');
    const signed = aws4.sign(
      {
        ...{ host: endpoint, path: `${path}${more.query ?? ''}`, method, service: 's3', region },
        headers: { ...more.headers, 'X-Amz-Content-Sha256': hash },
      },
      {
        accessKeyId: accessKey,
        secretAccessKey: secretKey,
        ...(sessionToken !== '' && { sessionToken }),
      },
    );
    const ca = this.#authorities();
    return send({
      url: `http${insecure ? '' : 's'}://${endpoint}${signed.path}`,
      method,
      headers: signed.headers as Record<string, string>,
      timeoutMs: 30_000,
      ...(more.body !== undefined && { body: more.body }),
      ...(!insecure && ca !== undefined && { ca }),
      // An agent of its own makes the certificate count.
      ...(!insecure && ca === undefined && !this.config.skipVerify && { agent: new Agent() }),
    });
  }

  #authorities(): string | undefined {
    const { endpointCa, skipVerify } = this.config;
    if (endpointCa === '' || skipVerify) return undefined;
    return endpointCa
      .split(' ')
      .map((each) =>
        each.startsWith('/') ? readFileSync(each, 'utf8') : Buffer.from(each, 'base64').toString(),
      )
      .join('\n');
  }
}

function wordsOf(status: number, body: Buffer): string {
  try {
    const { root } = parseXml(body.toString());
    return textIn(root, 'Message') || `status ${status}`;
  } catch {
    return `status ${status}`;
  }
}

function childrenOf(element: XmlElement | null, name: string): readonly XmlElement[] {
  return (element?.children ?? []).filter(
    (child): child is XmlElement => child instanceof XmlElement && child.name === name,
  );
}

function textIn(element: XmlElement | null, name: string): string {
  return childrenOf(element, name)[0]?.text ?? '';
}
