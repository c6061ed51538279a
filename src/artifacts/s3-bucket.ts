import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import aws4 from 'aws4';
import { ArtifactError, CancelledError } from '../domain/errors.ts';
import type { S3Settings } from '../rke2/s3-settings.ts';
import { s3Refused, s3Unreachable } from './s3-errors.ts';

/** A snapshot in a bucket. */
export interface S3Snapshot {
  /** Of the file. */
  readonly name: string;
  /** With the folder before it. */
  readonly object: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** What RKE2 has labelled it with; null where it did not. */
  readonly tokenId: string | null;
  readonly node: string | null;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The bucket that RKE2 puts snapshots into, read from this machine. Everything rejects with ArtifactError in words. */
export interface S3Bucket {
  readonly settings: S3Settings;
  /** The snapshots in its folder, with their labels. */
  list(options?: CallOptions): Promise<readonly S3Snapshot[]>;
  /** One of them by its name; null when there is none. */
  find(name: string, options?: CallOptions): Promise<S3Snapshot | null>;
  /** Fetches one into a file (0600) that gets its name once as many bytes are there as the server told. */
  download(object: string, target: string, options?: CallOptions): Promise<void>;
}

/** What RKE2 knows of a snapshot beside its data: files of the same name in a folder of this name. */
const METADATA_FOLDER = '.metadata';

/** Labels are asked for one by one; so many at once. */
const LABELS_AT_ONCE = 8;

/** Nothing is asked before the first call. */
export function openBucket(settings: S3Settings): S3Bucket {
  const prefix = settings.folder === '' ? '' : `${settings.folder}/`;
  return {
    settings,
    list: async ({ signal } = {}) => {
      const objects = await listObjects(settings, prefix, signal);
      const found = objects.filter(({ key, size }) => size > 0 && !key.slice(prefix.length).includes('/'));
      const labelled: S3Snapshot[] = [];
      for (let start = 0; start < found.length; start += LABELS_AT_ONCE) {
        const some = found.slice(start, start + LABELS_AT_ONCE);
        const heads = await Promise.all(some.map(({ key }) => readLabels(settings, key, signal)));
        labelled.push(...heads.flatMap((head) => head ?? []));
      }
      return labelled;
    },
    find: async (name, { signal } = {}) => {
      // A list is refused with words, a look at the object itself without any.
      await listObjects(settings, `${prefix}${name}`, signal);
      const found = await readLabels(settings, `${prefix}${name}`, signal);
      // What is empty was never uploaded; RKE2 passes it over as well.
      return found === null || found.sizeBytes === 0 ? null : found;
    },
    download: (object, target, { signal } = {}) => download(settings, object, target, signal),
  };
}

interface ListedObject {
  readonly key: string;
  readonly size: number;
}

async function listObjects(
  settings: S3Settings,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<readonly ListedObject[]> {
  const what = 'Listing snapshots in S3';
  const found: ListedObject[] = [];
  for (let token: string | null = ''; token !== null; ) {
    const query = new URLSearchParams({ 'list-type': '2', prefix });
    if (token !== '') query.set('continuation-token', token);
    const response = await ask(settings, { what, method: 'GET', object: '', query: `?${query}`, signal });
    const page = await readXml(settings, response, what);
    for (const entry of childrenOf(page, 'Contents')) {
      found.push({ key: textOf(entry, 'Key'), size: Number(textOf(entry, 'Size')) });
    }
    const next = textOf(page, 'NextContinuationToken');
    token = textOf(page, 'IsTruncated') === 'true' && next !== '' ? next : null;
  }
  return found.filter(({ key }) => !key.split('/').includes(METADATA_FOLDER));
}

async function readLabels(
  settings: S3Settings,
  object: string,
  signal: AbortSignal | undefined,
): Promise<S3Snapshot | null> {
  const what = `Looking at ${object} in S3`;
  const response = await ask(settings, { what, method: 'HEAD', object, query: '', signal, mayMiss: true });
  response.resume();
  if (response.statusCode === 404) return null;
  const header = (name: string): string | null => {
    const value = response.headers[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return {
    name: object.slice(object.lastIndexOf('/') + 1),
    object,
    sizeBytes: Number(header('content-length') ?? 0),
    modifiedAt: Date.parse(header('last-modified') ?? ''),
    tokenId: header('x-amz-meta-rke2-token-hash'),
    node: header('x-amz-meta-rke2-node-name'),
  };
}

async function download(
  settings: S3Settings,
  object: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `Fetching ${object} from S3`;
  const response = await ask(settings, { what, method: 'GET', object, query: '', signal });
  const part = `${target}.part`;
  const file = await open(part, 'w', 0o600);
  const stream = file.createWriteStream({ flush: true });
  let received = 0;
  response.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  try {
    await pipeline(response, stream, signal === undefined ? {} : { signal });
    const told = Number(response.headers['content-length'] ?? received);
    if (received !== told) throw new Error(`${received} of ${told} bytes came`);
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    if (signal?.aborted) throw new CancelledError();
    throw isOfDisk(error) ? notWritten(target, error) : s3Unreachable(settings, what, error);
  }
}

function isOfDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function notWritten(target: string, cause: unknown): ArtifactError {
  const full = (cause as NodeJS.ErrnoException).code !== 'EIO';
  return new ArtifactError({
    code: full ? 'disk-full' : 'snapshot-not-written',
    message: `${target} cannot be written: ${full ? 'the disk of this machine is full' : String(cause)}.`,
    hint: 'Make room, or name another directory with `--out`; then run the same command again.',
    cause,
  });
}

interface Ask {
  /** Begins messages: `Listing snapshots in S3`. */
  readonly what: string;
  readonly method: 'GET' | 'HEAD';
  /** Empty: the bucket itself. */
  readonly object: string;
  readonly query: string;
  readonly signal: AbortSignal | undefined;
  /** A missing object is an answer. */
  readonly mayMiss?: boolean;
}

/** A signed request; resolves with an answer whose body is still to be read, once the server did not refuse. */
async function ask(settings: S3Settings, { method, object, query, signal, ...rest }: Ask) {
  const { what, mayMiss = false } = rest;
  const { credentials, tls, bucket, endpoint, pathStyle, region } = settings;
  const path = [...(pathStyle ? [bucket] : []), ...(object === '' ? [] : object.split('/'))];
  const host = pathStyle ? endpoint : `${bucket}.${endpoint}`;
  const { hostname, port } = new URL(`http${tls ? 's' : ''}://${host}`);
  const signed = aws4.sign(
    { host, path: `/${path.map(encodeURIComponent).join('/')}${query}`, method, service: 's3', region },
    {
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey.reveal(),
      ...(credentials.sessionToken !== null && { sessionToken: credentials.sessionToken.reveal() }),
    },
  );
  const request = (tls ? requestHttps : requestHttp)({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    path: signed.path,
    method,
    headers: signed.headers,
    // A connection of its own for each: none stays behind to keep the command from ending.
    agent: false,
    timeout: settings.timeoutMs,
    ...(tls && settings.ca !== null && { ca: settings.ca }),
    ...(tls && settings.skipVerify && { rejectUnauthorized: false }),
    ...(signal !== undefined && { signal }),
  });
  request.on('timeout', () => request.destroy(new Error(`no answer within ${settings.timeoutMs / 1000} s`)));
  request.end();
  const response = await once(request, 'response').then(
    ([answer]) => answer as IncomingMessage,
    (error: unknown) => {
      if (signal?.aborted) throw new CancelledError();
      throw s3Unreachable(settings, what, error);
    },
  );
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  if (status === 404 && mayMiss) return response;
  throw s3Refused(settings, what, { status, ...(await readRefusal(response)) });
}

const MOST_BODY = 16 * 1024 * 1024;

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk as string;
    if (text.length > MOST_BODY) throw new Error('the answer is longer than any list');
  }
  return text;
}

async function readRefusal(
  response: IncomingMessage,
): Promise<{ readonly code: string; readonly message: string }> {
  try {
    const { root } = parseXml(await readText(response));
    if (root !== null) return { code: textOf(root, 'Code'), message: textOf(root, 'Message') };
  } catch {
    // What is no XML of S3's says nothing that people could use: its status does.
  }
  return { code: '', message: '' };
}

async function readXml(settings: S3Settings, response: IncomingMessage, what: string): Promise<XmlElement> {
  try {
    const { root } = parseXml(await readText(response));
    if (root !== null) return root;
    throw new Error('the answer is empty');
  } catch (error) {
    throw s3Unreachable(settings, what, error);
  }
}

function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => isNamed(child, name));
}

function isNamed(child: unknown, name: string): boolean {
  return child instanceof XmlElement && child.name === name;
}

function textOf(element: XmlElement, name: string): string {
  return childrenOf(element, name)[0]?.text ?? '';
}
