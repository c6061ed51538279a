import { readFileSync, watchFile } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { ApiContext, ApiRequest, User } from './api-context.ts';
import { authorize } from './authorize.ts';
import { discover } from './discovery.ts';
import { handleResource, verbOf } from './handle-resource.ts';
import { answerHealth } from './health.ts';
import { parseResourcePath } from './request-info.ts';
import type { ServerConfig } from './server-config.ts';
import { badRequest, internalError, noSuchResource, StatusError, unauthorized } from './status-error.ts';
import { describeVersion } from './version-info.ts';
import { watchObjects } from './watch-objects.ts';

const FOLLOW_MS = 1_000;
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** An OpenAPI document in protobuf that says "2.0" and defines nothing: kubectl then leaves validation out. */
const EMPTY_OPENAPI = Buffer.from([0x0a, 0x03, 0x32, 0x2e, 0x30]);

/** The two fields of a certificate's subject that Kubernetes reads. */
interface PeerSubject {
  readonly CN?: string | string[];
  readonly O?: string | string[];
}

/** What the running server hands to its requests. */
export interface ServerParts {
  readonly context: ApiContext;
  readonly config: ServerConfig;
  readonly isStarted: () => boolean;
  readonly signal: AbortSignal;
}

function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/**
 * The client certificate is the user: CN its name, O its groups. Without one, or signed by another CA: 401. A resumed
 * session without a certificate counts as authorized for Node, and has an empty one.
 */
function authenticate(socket: TLSSocket): User {
  const subject = socket.getPeerCertificate().subject as PeerSubject | undefined;
  if (!socket.authorized || subject === undefined) throw unauthorized();
  return { name: listOf(subject.CN)[0] ?? '', groups: listOf(subject.O) };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${MAX_BODY_BYTES}`,
      );
    }
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const type = request.headers['content-type'] ?? 'application/json';
  if (/protobuf|cbor/.test(type)) {
    throw new StatusError(415, 'UnsupportedMediaType', `the stand-in reads JSON only, not ${type}`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(`couldn't parse the body as JSON: ${error instanceof Error ? error.message : ''}`);
  }
}

function send(response: ServerResponse, code: number, type: string, body: string | Buffer): void {
  const length = Buffer.byteLength(body);
  response.writeHead(code, {
    'content-type': type,
    'content-length': length,
    'cache-control': 'no-cache, private',
  });
  response.end(body);
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  send(response, code, 'application/json', `${JSON.stringify(body)}\n`);
}

/** Paths that are no resource; true when one of them was answered. */
async function answerFixedPath(parts: ServerParts, url: URL, response: ServerResponse): Promise<boolean> {
  const health = await answerHealth(url, parts.context.store, parts.isStarted);
  if (health !== undefined) {
    send(response, health.code, 'text/plain; charset=utf-8', health.text);
    return true;
  }
  if (url.pathname === '/version') {
    sendJson(response, 200, describeVersion(parts.config.version));
    return true;
  }
  if (url.pathname === '/openapi/v2') {
    send(response, 200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', EMPTY_OPENAPI);
    return true;
  }
  if (url.pathname === '/') {
    sendJson(response, 200, { paths: ['/api', '/apis', '/healthz', '/livez', '/readyz', '/version'] });
    return true;
  }
  const address = `${parts.config.advertiseAddress ?? parts.config.bind}:${parts.config.port}`;
  const document = discover(url.pathname, address);
  if (document !== undefined) sendJson(response, 200, document);
  return document !== undefined;
}

async function handle(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = authenticate(request.socket as TLSSocket);
  const url = new URL(request.url ?? '/', 'https://localhost');
  const method = request.method ?? 'GET';
  if (method === 'GET' && (await answerFixedPath(parts, url, response))) return;
  const path = parseResourcePath(url.pathname);
  if (path === undefined) throw noSuchResource();
  const query = url.searchParams;
  const isWatch = method === 'GET' && (path.isWatchPath || ['true', '1'].includes(query.get('watch') ?? ''));
  authorize(user, verbOf(method, path, isWatch), path);
  const apiRequest: ApiRequest = {
    method,
    query,
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? 'application/json',
    body: await readBody(request),
    user,
  };
  if (isWatch) {
    await watchObjects(parts.context, apiRequest, path, response, parts.signal);
    return;
  }
  const answer = await handleResource(parts.context, apiRequest, path);
  sendJson(response, answer.code, answer.body);
}

function refuse(response: ServerResponse, error: unknown): void {
  const refusal = error instanceof StatusError ? error : internalError(error);
  if (refusal.code >= 500) process.stderr.write(`E ${refusal.message}\n`);
  if (response.headersSent) response.destroy();
  else sendJson(response, refusal.code, refusal.toStatus());
}

function readContext({ cert, key, clientCA }: ServerConfig) {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ca: readFileSync(clientCA),
    minVersion: 'TLSv1.2',
  } as const;
}

/** A certificate that changes on the disk is shown from then on; where it does not fit its key, the old one is. */
function followCertificate(server: Server, config: ServerConfig): void {
  watchFile(config.cert, { interval: FOLLOW_MS, persistent: false }, () => {
    try {
      server.setSecureContext(readContext(config));
    } catch {
      // Half written, or taken out of use: a restart comes.
    }
  });
}

/** The HTTPS server of the API; not listening yet. */
export function makeApiServer(parts: ServerParts): Server {
  const { config } = parts;
  const server = createServer(
    {
      ...readContext(config),
      requestCert: true,
      // Who comes without a valid certificate is told 401 rather than cut off in the handshake.
      rejectUnauthorized: false,
    },
    (request, response) => {
      handle(parts, request, response).catch((error: unknown) => refuse(response, error));
    },
  );
  server.keepAliveTimeout = 120_000;
  followCertificate(server, config);
  return server;
}
