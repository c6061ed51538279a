import { readFileSync } from 'node:fs';
import type { Agent } from 'node:https';
import { makeHttpsAgent, send } from './http.ts';
import { CommandError } from './log.ts';

/** What every Kubernetes object carries. */
export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly resourceVersion?: string;
  readonly uid?: string;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** A Status answer of the API server. */
export class KubeError extends CommandError {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409;
}

/** A client of one API server with one client certificate. */
export interface KubeClient {
  get<T extends object = KubeObject>(path: string): Promise<T>;
  list<T extends object = KubeObject>(path: string): Promise<readonly T[]>;
  create(path: string, body: object): Promise<void>;
  update(path: string, body: object): Promise<void>;
  /** A JSON merge patch. */
  patch(path: string, body: object): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Opens a client; the files are read once, so make a new one after certificates were renewed. */
export function openKubeClient(
  baseUrl: string,
  files: { ca: string; cert: string; key: string },
): KubeClient {
  const read = (path: string): string => readFileSync(path, 'utf8');
  return openKubeClientWith(baseUrl, { ca: read(files.ca), cert: read(files.cert), key: read(files.key) });
}

/** Opens a client with certificates given as PEM. */
export function openKubeClientWith(
  baseUrl: string,
  pem: { ca: string; cert: string; key: string },
): KubeClient {
  const agent = makeHttpsAgent(pem);
  const call = (method: string, path: string, body?: object, type = 'application/json'): Promise<unknown> =>
    exchange(agent, { method, url: baseUrl + path, type, ...(body === undefined ? {} : { body }) });
  return {
    get: <T>(path: string) => call('GET', path) as Promise<T>,
    list: async <T>(path: string) => ((await call('GET', path)) as { items?: readonly T[] }).items ?? [],
    create: async (path, body) => void (await call('POST', path, body)),
    update: async (path, body) => void (await call('PUT', path, body)),
    patch: async (path, body) => void (await call('PATCH', path, body, 'application/merge-patch+json')),
    remove: async (path) => void (await call('DELETE', path)),
  };
}

async function exchange(
  agent: Agent,
  message: { method: string; url: string; type: string; body?: object },
): Promise<unknown> {
  const response = await send({
    url: message.url,
    method: message.method,
    agent,
    headers: { accept: 'application/json', 'content-type': message.type },
    ...(message.body === undefined ? {} : { body: JSON.stringify(message.body) }),
  });
  const text = response.body.toString();
  if (response.status < 200 || response.status > 299) {
    throw new KubeError(response.status, messageOf(text) ?? `${response.status} ${response.statusText}`);
  }
  return text.startsWith('{') ? JSON.parse(text) : { text };
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
