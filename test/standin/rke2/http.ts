import { type IncomingHttpHeaders, request as requestPlain } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Agent, request as requestTls } from 'node:https';
import { CommandError } from './log.ts';

/** One HTTP or HTTPS request. `ca` verifies the server; without it any certificate is taken. */
export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer with a status RKE2 takes for a failure, worded as its client words it: `<url>: 401 Unauthorized`. */
export class HttpStatusError extends CommandError {
  readonly status: number;
  readonly body: string;
  constructor(url: string, status: number, text: string, body = '') {
    super(`${url}: ${status} ${text}`);
    this.status = status;
    this.body = body;
  }
}

/** A keep-alive agent for one set of certificates. */
export function makeHttpsAgent(options: { ca?: string; cert?: string; key?: string }): Agent {
  return new Agent({ keepAlive: true, maxSockets: 16, ...options });
}

/** Sends a request; transport failures come as errors in the words of Go's client. */
export function send(message: HttpRequest): Promise<HttpResponse> {
  const url = new URL(message.url);
  const options: RequestOptions = {
    method: message.method ?? 'GET',
    headers: {
      ...message.headers,
      ...(message.body === undefined ? {} : { 'content-length': Buffer.byteLength(message.body) }),
    },
    rejectUnauthorized: message.ca !== undefined || message.agent !== undefined,
    timeout: message.timeoutMs ?? 10_000,
    ...(message.ca === undefined ? {} : { ca: message.ca }),
    ...(message.cert === undefined ? {} : { cert: message.cert, key: message.key }),
    agent: message.agent ?? false,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new CommandError(`${titleCase(options.method ?? 'GET')} "${message.url}": ${wordError(error, url)}`, {
          cause: error,
        }),
      );
    const request = url.protocol === 'http:' ? requestPlain : requestTls;
    const outgoing = request(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          statusText: incoming.statusMessage ?? '',
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('context deadline exceeded')));
    outgoing.on('error', fail);
    outgoing.end(message.body);
  });
}

/** As `send`, but a status other than 2xx is a HttpStatusError. */
export async function fetchBody(message: HttpRequest): Promise<Buffer> {
  const response = await send(message);
  if (response.status < 200 || response.status > 299) {
    throw new HttpStatusError(message.url, response.status, response.statusText, response.body.toString());
  }
  return response.body;
}

/** `host:port` with brackets around IPv6. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function titleCase(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

function wordError(error: Error & { code?: string; reason?: string }, url: URL): string {
  const port = url.port === '' ? '443' : url.port;
  const dial = `dial tcp ${url.hostname}:${port}:`;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${dial} connect: connection refused`;
    case 'EHOSTUNREACH':
      return `${dial} connect: no route to host`;
    case 'ENETUNREACH':
      return `${dial} connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `${dial} i/o timeout`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case 'ECONNRESET':
      return 'EOF';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ${new Date().toISOString()}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is valid for ${altNames(error.message)}, not ${url.hostname}`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    default:
      return error.message;
  }
}

function altNames(message: string): string {
  const found = [...message.matchAll(/(?:DNS:|IP Address:|is not in the cert's list: )([^,]+)/g)];
  return found.map((match) => match[1]?.trim() ?? '').join(', ');
}
