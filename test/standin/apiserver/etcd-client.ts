import { readFileSync } from 'node:fs';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Where etcd's client port answers, and the client certificate (paths) it demands; no paths for plain http. */
export interface EtcdConfig {
  readonly endpoints: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** etcd could not be asked or refused. `sent` tells whether the request may have taken effect. */
class EtcdError extends Error {
  readonly sent: boolean;

  constructor(message: string, sent: boolean) {
    super(message);
    this.sent = sent;
  }
}

interface CallOptions {
  readonly timeoutMs?: number;
  /** A read may be asked again of another endpoint even if the first may have got it. */
  readonly isRead?: boolean;
}

const CALL_TIMEOUT_MS = 8_000;
const PING_INTERVAL_MS = 5_000;
const NEVER_SENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function readBody(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}

function refusalOf(status: number, body: string): EtcdError {
  try {
    const parsed = JSON.parse(body) as { error?: string; message?: string };
    return new EtcdError(parsed.message ?? parsed.error ?? `etcd answered ${status}`, true);
  } catch {
    return new EtcdError(`etcd answered ${status}: ${body.slice(0, 200)}`, true);
  }
}

/**
 * etcd v3 through its JSON gateway: one request with one answer (`call`) or a stream of answers (`stream`). Sticks to
 * one endpoint and moves to the next when that one does not answer.
 */
export class EtcdClient {
  readonly #endpoints: readonly string[];
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #streams = new Map<ClientRequest, string>();
  #current = 0;
  #ping: NodeJS.Timeout | undefined;

  constructor(config: EtcdConfig) {
    this.#endpoints = config.endpoints.map((endpoint) => endpoint.replace(/\/+$/, ''));
    const read = (path: string | undefined): Buffer | undefined =>
      path === undefined || path === '' ? undefined : readFileSync(path);
    const ca = read(config.ca);
    const cert = read(config.cert);
    const key = read(config.key);
    this.#agents = {
      http: new HttpAgent({ keepAlive: true }),
      https: new HttpsAgent({
        keepAlive: true,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      }),
    };
  }

  /** Sends one message to a gateway path such as `/v3/kv/range` and returns the answer. */
  async call<T>(path: string, message: unknown, options: CallOptions = {}): Promise<T> {
    const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
    const deadline = Date.now() + timeoutMs;
    let last: unknown;
    for (let attempt = 0; attempt <= this.#endpoints.length; attempt += 1) {
      const endpoint = this.#endpoint();
      try {
        return await this.#callOnce<T>(endpoint, path, message, timeoutMs);
      } catch (error) {
        last = error;
        if (error instanceof EtcdError && error.sent && options.isRead !== true) throw error;
        this.#leave(endpoint);
        if (Date.now() > deadline) break;
      }
    }
    throw last;
  }

  /** Sends one message and yields each answer of the stream until either side ends it or the signal aborts. */
  async *stream<T>(path: string, message: unknown, signal: AbortSignal): AsyncGenerator<T> {
    const endpoint = this.#endpoint();
    const request = this.#open(endpoint, path);
    const abort = (): void => void request.destroy();
    signal.addEventListener('abort', abort, { once: true });
    this.#streams.set(request, endpoint);
    this.#startPinging();
    try {
      const response = await this.#send(request, message);
      if (response.statusCode !== 200) throw refusalOf(response.statusCode ?? 0, await readBody(response));
      yield* parseAnswers<T>(response);
    } catch (error) {
      if (signal.aborted) return;
      this.#leave(endpoint);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#streams.delete(request);
      request.destroy();
      if (this.#streams.size === 0) this.#stopPinging();
    }
  }

  #endpoint(): string {
    const endpoint = this.#endpoints[this.#current % this.#endpoints.length];
    if (endpoint === undefined) throw new EtcdError('no etcd endpoint is configured', false);
    return endpoint;
  }

  #leave(endpoint: string): void {
    if (this.#endpoint() === endpoint) this.#current = (this.#current + 1) % this.#endpoints.length;
  }

  #open(endpoint: string, path: string): ClientRequest {
    const isTls = endpoint.startsWith('https:');
    const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
    return isTls
      ? httpsRequest(endpoint + path, { ...options, agent: this.#agents.https })
      : httpRequest(endpoint + path, { ...options, agent: this.#agents.http });
  }

  #send(request: ClientRequest, message: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', resolve);
      request.end(JSON.stringify(message));
    });
  }

  async #callOnce<T>(endpoint: string, path: string, message: unknown, timeoutMs: number): Promise<T> {
    const request = this.#open(endpoint, path);
    const timer = setTimeout(
      () => request.destroy(new EtcdError('etcdserver: request timed out', true)),
      timeoutMs,
    );
    try {
      const response = await this.#send(request, message);
      const body = await readBody(response);
      if (response.statusCode !== 200) throw refusalOf(response.statusCode ?? 0, body);
      return JSON.parse(body) as T;
    } catch (error) {
      if (error instanceof EtcdError) throw error;
      const code = codeOf(error);
      throw new EtcdError(
        `${endpoint}: ${error instanceof Error ? error.message : code}`,
        !NEVER_SENT.has(code),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  // A stream over a link that died shows nothing; a request that times out does.
  #startPinging(): void {
    this.#ping ??= setInterval(() => void this.#pingStreams(), PING_INTERVAL_MS);
  }

  #stopPinging(): void {
    clearInterval(this.#ping);
    this.#ping = undefined;
  }

  async #pingStreams(): Promise<void> {
    for (const endpoint of new Set(this.#streams.values())) {
      try {
        await this.#callOnce(endpoint, '/v3/maintenance/status', {}, PING_INTERVAL_MS);
      } catch {
        for (const [request, of] of this.#streams) {
          if (of === endpoint) request.destroy(new EtcdError(`${endpoint} does not answer`, true));
        }
      }
    }
  }
}

async function* parseAnswers<T>(response: IncomingMessage): AsyncGenerator<T> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.trim() === '') continue;
      const answer = JSON.parse(line) as { result?: T; error?: { message?: string } };
      if (answer.error !== undefined) throw new EtcdError(answer.error.message ?? 'the stream failed', true);
      if (answer.result !== undefined) yield answer.result;
    }
  }
}
