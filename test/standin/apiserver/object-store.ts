import type { Transformer } from './encryption.ts';
import type { EtcdClient } from './etcd-client.ts';
import {
  decodeText,
  type EtcdKeyValue,
  type EtcdRangeResponse,
  type EtcdTxnResponse,
  type EtcdWatchResponse,
  encodeText,
  endOfPrefix,
} from './etcd-messages.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resource-catalog.ts';
import { alreadyExists, conflict, expired, notFound } from './status-error.ts';

/** Every key of this server lies below it, as with Kubernetes. */
export const REGISTRY = '/registry/';

const SECRETS = `${REGISTRY}secrets/`;

/** A listing together with the revision it was true at. */
export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** One change: the object now (absent when it was deleted) and before (absent when it is new). */
export interface ObjectChange {
  readonly key: string;
  readonly resourceVersion: string;
  readonly object?: KubeObject;
  readonly previous?: KubeObject;
}

/** What an update decides about the object it was shown: its next form, or that it goes (and other keys with it). */
export type Decision =
  | { readonly next: KubeObject }
  | { readonly remove: true; readonly last: KubeObject; readonly alsoKeys?: readonly string[] };

/** The outcome of an update: the object as stored, or as it was last when it is gone. */
export interface UpdateResult {
  readonly object: KubeObject;
  readonly removed: boolean;
}

function textOf(object: KubeObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return JSON.stringify({ ...object, metadata });
}

function unchanged(a: KubeObject, b: KubeObject): boolean {
  return textOf(a) === textOf(b);
}

/**
 * Kubernetes objects in etcd. `resourceVersion` is etcd's revision of the last change; every write is a transaction
 * on the revision it was decided on, so that several servers over one etcd never overwrite each other.
 */
export class ObjectStore {
  readonly #etcd: EtcdClient;
  readonly #secrets: Transformer | null;
  #lastWrite = 0n;

  /** Secrets go through `secrets`, all else lies in etcd as it is. */
  constructor(etcd: EtcdClient, secrets: Transformer | null = null) {
    this.#etcd = etcd;
    this.#secrets = secrets;
  }

  /** The revision of the last write made through this store. */
  get lastWrite(): bigint {
    return this.#lastWrite;
  }

  keyOf(resource: ResourceType, namespace: string, name: string): string {
    const folder = `${REGISTRY}${resource.storage}/`;
    return resource.namespaced ? `${folder}${namespace}/${name}` : folder + name;
  }

  /** The prefix of all objects of a kind, or of those in one namespace. */
  prefixOf(resource: ResourceType, namespace: string): string {
    const folder = `${REGISTRY}${resource.storage}/`;
    return resource.namespaced && namespace !== '' ? `${folder}${namespace}/` : folder;
  }

  /** The object, or undefined; fails when etcd does not answer in time (8 s unless told). */
  async find(
    resource: ResourceType,
    namespace: string,
    name: string,
    timeoutMs?: number,
  ): Promise<KubeObject | undefined> {
    const key = encodeText(this.keyOf(resource, namespace, name));
    const options = { isRead: true, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const answer = await this.#etcd.call<EtcdRangeResponse>('/v3/kv/range', { key }, options);
    const pair = answer.kvs?.[0];
    return pair === undefined ? undefined : this.#decode(pair).object;
  }

  async get(resource: ResourceType, namespace: string, name: string): Promise<KubeObject> {
    const object = await this.find(resource, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  async list(resource: ResourceType, namespace = ''): Promise<ObjectList> {
    const { pairs, resourceVersion } = await this.#range(this.prefixOf(resource, namespace));
    return { items: pairs.map((pair) => this.#decode(pair).object), resourceVersion };
  }

  /** All objects of all kinds by key (but those that this server has no key for), and the revision they were true at. */
  async listAll(): Promise<{ objects: Map<string, KubeObject>; resourceVersion: string }> {
    const { pairs, resourceVersion } = await this.#range(REGISTRY);
    const objects = new Map(
      pairs.flatMap((pair) => {
        const object = this.#decodeIfAny(pair);
        return object === undefined ? [] : [[decodeText(pair.key), object] as const];
      }),
    );
    return { objects, resourceVersion };
  }

  async create(resource: ResourceType, object: KubeObject): Promise<KubeObject> {
    const { name, namespace } = object.metadata;
    const path = this.keyOf(resource, namespace ?? '', name);
    const key = encodeText(path);
    const answer = await this.#etcd.call<EtcdTxnResponse>('/v3/kv/txn', {
      compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: '0' }],
      success: [{ request_put: { key, value: this.#encode(path, object) } }],
    });
    if (answer.succeeded !== true) throw alreadyExists(resource, name);
    this.#lastWrite = BigInt(answer.header.revision);
    return { ...object, metadata: { ...object.metadata, resourceVersion: answer.header.revision } };
  }

  /**
   * Reads the object, lets `decide` say what becomes of it, and writes that if nobody wrote in between; else reads
   * again. With `resourceVersion` the object must still be that one (409 Conflict).
   */
  async update(
    resource: ResourceType,
    namespace: string,
    name: string,
    decide: (current: KubeObject) => Decision | Promise<Decision>,
    resourceVersion = '',
  ): Promise<UpdateResult> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { object: current, isStale } = await this.#read(resource, namespace, name);
      const revision = current.metadata.resourceVersion ?? '0';
      if (resourceVersion !== '' && resourceVersion !== revision) throw conflict(resource, name);
      const decision = await decide(structuredClone(current));
      if ('next' in decision && !isStale && unchanged(current, decision.next))
        return { object: current, removed: false };
      const written = await this.#write(this.keyOf(resource, namespace, name), revision, decision);
      if (written === undefined) continue;
      if ('remove' in decision) return { object: decision.last, removed: true };
      decision.next.metadata.resourceVersion = written;
      return { object: decision.next, removed: false };
    }
    throw conflict(resource, name);
  }

  /** Yields the changes below a prefix after a revision, for as long as the signal lets it; 410 when compacted away. */
  async *watch(prefix: string, afterRevision: string, signal: AbortSignal): AsyncGenerator<ObjectChange> {
    let revision = BigInt(afterRevision);
    while (!signal.aborted) {
      try {
        for await (const change of this.#watchOnce(prefix, revision + 1n, signal)) {
          revision = BigInt(change.resourceVersion);
          yield change;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Error && 'code' in error && error.code === 410) throw error;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }

  async *#watchOnce(prefix: string, start: bigint, signal: AbortSignal): AsyncGenerator<ObjectChange> {
    const create_request = {
      key: encodeText(prefix),
      range_end: encodeText(endOfPrefix(prefix)),
      start_revision: String(start),
      prev_kv: true,
    };
    for await (const answer of this.#etcd.stream<EtcdWatchResponse>(
      '/v3/watch',
      { create_request },
      signal,
    )) {
      if (answer.compact_revision !== undefined && answer.compact_revision !== '0') throw expired();
      if (answer.canceled === true) throw new Error(answer.cancel_reason ?? 'etcd ended the watch');
      for (const event of answer.events ?? []) {
        const resourceVersion = event.kv.mod_revision;
        const isGone = event.type === 'DELETE';
        const object = isGone ? undefined : this.#decodeIfAny(event.kv);
        if (!isGone && object === undefined) continue;
        const previous =
          event.prev_kv === undefined ? undefined : this.#decodeIfAny(event.prev_kv, resourceVersion);
        yield {
          key: decodeText(event.kv.key),
          resourceVersion,
          ...(object !== undefined && { object }),
          ...(previous !== undefined && { previous }),
        };
      }
    }
  }

  async #read(
    resource: ResourceType,
    namespace: string,
    name: string,
  ): Promise<{ object: KubeObject; isStale: boolean }> {
    const key = encodeText(this.keyOf(resource, namespace, name));
    const answer = await this.#etcd.call<EtcdRangeResponse>('/v3/kv/range', { key }, { isRead: true });
    const pair = answer.kvs?.[0];
    if (pair === undefined) throw notFound(resource, name);
    return this.#decode(pair);
  }

  #decode(
    pair: EtcdKeyValue,
    resourceVersion = pair.mod_revision,
  ): { readonly object: KubeObject; readonly isStale: boolean } {
    const key = decodeText(pair.key);
    const stored = Buffer.from(pair.value ?? '', 'base64');
    const { plain, isStale } = this.#transformerOf(key)?.decode(stored, key) ?? {
      plain: stored,
      isStale: false,
    };
    const object = JSON.parse(plain.toString('utf8')) as KubeObject;
    object.metadata.resourceVersion = resourceVersion;
    return { object, isStale };
  }

  /** Whoever looks at everything must not fall over what was encrypted with a key that this server has not got. */
  #decodeIfAny(pair: EtcdKeyValue, resourceVersion = pair.mod_revision): KubeObject | undefined {
    try {
      return this.#decode(pair, resourceVersion).object;
    } catch (error) {
      if (this.#transformerOf(decodeText(pair.key)) !== null) return undefined;
      throw error;
    }
  }

  #encode(path: string, object: KubeObject): string {
    const plain = Buffer.from(textOf(object), 'utf8');
    return (this.#transformerOf(path)?.encode(plain, path) ?? plain).toString('base64');
  }

  #transformerOf(key: string): Transformer | null {
    return key.startsWith(SECRETS) ? this.#secrets : null;
  }

  async #range(prefix: string): Promise<{ pairs: readonly EtcdKeyValue[]; resourceVersion: string }> {
    const message = { key: encodeText(prefix), range_end: encodeText(endOfPrefix(prefix)) };
    const answer = await this.#etcd.call<EtcdRangeResponse>('/v3/kv/range', message, { isRead: true });
    return { pairs: answer.kvs ?? [], resourceVersion: answer.header.revision };
  }

  /** The revision of the write; undefined when somebody else wrote first. */
  async #write(path: string, revision: string, decision: Decision): Promise<string | undefined> {
    const key = encodeText(path);
    const operations =
      'remove' in decision
        ? [path, ...(decision.alsoKeys ?? [])].map((gone) => ({
            request_delete_range: { key: encodeText(gone) },
          }))
        : [{ request_put: { key, value: this.#encode(path, decision.next) } }];
    const answer = await this.#etcd.call<EtcdTxnResponse>('/v3/kv/txn', {
      compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: revision }],
      success: operations,
    });
    if (answer.succeeded !== true) return undefined;
    this.#lastWrite = BigInt(answer.header.revision);
    return answer.header.revision;
  }
}
