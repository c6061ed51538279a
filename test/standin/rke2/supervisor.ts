import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { namesOf, normalizeName } from './certificate.ts';
import { issue, readAuthority } from './cluster-certificates.ts';
import { readFileIfAny, writeFile } from './files.ts';
import { info, reasonOf, warn } from './log.ts';

const RENEWAL_DAYS = 120;
const DAY = 24 * 60 * 60 * 1000;

/** Who may use an endpoint. `agent` also takes servers' tokens, nodes' certificates and bootstrap tokens. */
export type Role = 'anyone' | 'agent' | 'node' | 'server' | 'server-or-local';

/** What a handler gets. `nodeName` is set when a node's certificate was shown. */
export interface RouteRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly isLocal: boolean;
  readonly nodeName: string | undefined;
  readonly query: URLSearchParams;
}

export interface RouteResponse {
  readonly status?: number;
  readonly body: string | Buffer;
}

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly role: Role;
  handle(request: RouteRequest): Promise<RouteResponse> | RouteResponse;
}

/** Finds out whether a bootstrap token (`id.secret`) exists in the cluster. */
export type BootstrapTokenCheck = (token: string) => Promise<boolean>;

/** Passwords of the two users; read anew for every request, since `token rotate` changes them. */
export interface Passwords {
  readonly server: string;
  readonly agent: string;
}

export interface SupervisorOptions {
  readonly port: number;
  readonly bindAddress: string;
  readonly tls: string;
  readonly names: readonly string[];
  readonly passwords: () => Passwords;
  readonly isBootstrapToken: BootstrapTokenCheck;
}

/** Starts the supervisor's listener; until `routes` are set it answers 503. */
export interface Supervisor {
  setRoutes(routes: readonly Route[]): void;
  close(): void;
}

export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const certificate = ensureListenerCertificate(options.tls, options.names);
  const clientCa = readFileSync(join(options.tls, 'client-ca.crt'), 'utf8');
  let routes: readonly Route[] | undefined;
  const server = createServer(
    {
      cert: certificate.certificate,
      key: certificate.key,
      ca: clientCa,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      answer(request, response, options, () => routes).catch((error: unknown) => {
        warn(`${request.method} ${request.url}: ${reasonOf(error)}`);
        if (!response.headersSent) response.writeHead(500);
        response.end(`${reasonOf(error)}\n`);
      });
    },
  );
  await listen(server, options.port, options.bindAddress);
  return {
    setRoutes: (next) => {
      routes = next;
    },
    close: () => server.close(),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: SupervisorOptions,
  routes: () => readonly Route[] | undefined,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://supervisor');
  const known = routes();
  const body = await readBody(request);
  if (known === undefined) return reply(response, { status: 503, body: 'starting\n' });
  const route = known.find((entry) => entry.path === url.pathname && entry.method === request.method);
  if (route === undefined) {
    const exists = known.some((entry) => entry.path === url.pathname);
    return reply(
      response,
      exists ? { status: 405, body: 'method not allowed\n' } : { status: 404, body: '404 page not found\n' },
    );
  }
  const nodeName = readNodeName(request);
  const isLocal = isLoopback(request.socket.remoteAddress ?? '');
  const refusal = await authorize(route.role, request, options, { nodeName, isLocal });
  if (refusal !== undefined) return reply(response, refusal);
  reply(
    response,
    await route.handle({ headers: request.headers, body, isLocal, nodeName, query: url.searchParams }),
  );
}

async function authorize(
  role: Role,
  request: IncomingMessage,
  options: SupervisorOptions,
  caller: { nodeName: string | undefined; isLocal: boolean },
): Promise<RouteResponse | undefined> {
  if (role === 'anyone') return undefined;
  if (role === 'server-or-local' && caller.isLocal) return undefined;
  if (caller.nodeName !== undefined && (role === 'agent' || role === 'node')) return undefined;
  const user = await authenticate(request.headers.authorization ?? '', options);
  if (user === undefined) return { status: 401, body: 'not authorized\n' };
  const isAllowed = user === 'server' ? role !== 'node' : role === 'agent';
  return isAllowed ? undefined : { status: 403, body: 'forbidden\n' };
}

async function authenticate(
  header: string,
  options: SupervisorOptions,
): Promise<'server' | 'agent' | undefined> {
  const [scheme = '', credentials = ''] = header.split(' ');
  if (scheme === 'Bearer') return (await options.isBootstrapToken(credentials)) ? 'agent' : undefined;
  if (scheme !== 'Basic') return undefined;
  const text = Buffer.from(credentials, 'base64').toString();
  const { server, agent } = options.passwords();
  if (text === `server:${server}`) return 'server';
  return text === `node:${agent}` ? 'agent' : undefined;
}

/** The node name of a certificate signed by client-ca for `system:node:<name>`. */
function readNodeName(request: IncomingMessage): string | undefined {
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' && name.startsWith('system:node:')
    ? name.slice('system:node:'.length)
    : undefined;
}

/** The listener's certificate in dynamic-cert.json, signed anew when a name is missing, its end is near or the authority changed. */
function ensureListenerCertificate(
  tls: string,
  names: readonly string[],
): { certificate: string; key: string } {
  const file = join(tls, 'dynamic-cert.json');
  const authority = readAuthority(tls, 'server-ca');
  const text = readFileIfAny(file);
  const regenerate = readFileIfAny(join(tls, 'dynamic-cert-regenerate')) !== undefined;
  if (text !== undefined && !regenerate) {
    const stored = (JSON.parse(text) as { data: Record<string, string> }).data;
    const certificate = Buffer.from(stored['tls.crt'] ?? '', 'base64').toString();
    const parsed = new X509Certificate(certificate);
    const present = new Set(namesOf(parsed));
    const isOurs = parsed.verify(new X509Certificate(authority.certificate).publicKey);
    const isFresh = Date.parse(parsed.validTo) - Date.now() >= RENEWAL_DAYS * DAY;
    if (isOurs && isFresh && names.every((name) => present.has(normalizeName(name)))) {
      return { certificate, key: Buffer.from(stored['tls.key'] ?? '', 'base64').toString() };
    }
  }
  const made = issue(authority, { commonName: 'rke2', organizations: ['rke2'], names, usage: 'server' });
  const encode = (value: string): string => Buffer.from(value).toString('base64');
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'rke2-serving', namespace: 'kube-system' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': encode(made.certificate), 'tls.key': encode(made.key) },
  };
  writeFile(file, JSON.stringify(secret));
  rmSync(join(tls, 'dynamic-cert-regenerate'), { force: true });
  info(
    `Active TLS secret kube-system/rke2-serving (ver=) (count ${names.length}): map[${names.map((name) => `listener.cattle.io/cn-${name}:${name}`).join(' ')}]`,
  );
  return made;
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) =>
      reject(
        error.code === 'EADDRINUSE' ? new Error(`listen tcp :${port}: bind: address already in use`) : error,
      ),
    );
    if (address === '' || address === '0.0.0.0') server.listen(port, resolve);
    else server.listen(port, address, resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, answer: RouteResponse): void {
  response.writeHead(answer.status ?? 200, { 'content-type': 'text/plain' });
  response.end(answer.body);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.replace('::ffff:', '').startsWith('127.');
}
