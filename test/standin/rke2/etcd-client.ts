import { readFileSync } from 'node:fs';
import { makeHttpsAgent, send } from './http.ts';
import { CommandError } from './log.ts';

/** One member as etcd lists it; `name` is empty until it has started. IDs are decimal strings. */
export interface EtcdMember {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** The status of the member that answered. */
export interface EtcdStatus {
  readonly memberId: string;
  readonly leader: string;
  readonly isLearner: boolean;
  readonly dbSize: number;
}

export interface EtcdKeyValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: string;
}

/** etcd v3 through its JSON gateway. Keys and values are text. */
export interface EtcdClient {
  status(): Promise<EtcdStatus>;
  /** True when the cluster answers a linearizable read. */
  isHealthy(): Promise<boolean>;
  get(key: string): Promise<EtcdKeyValue | undefined>;
  /** With `isLocal` the answer is what this member holds, which needs no quorum. */
  list(prefix: string, isLocal?: boolean): Promise<readonly EtcdKeyValue[]>;
  put(key: string, value: string): Promise<void>;
  /** Puts only if the key is at this revision ('0' = must not exist); false when it is not. */
  putIf(key: string, modRevision: string, value: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  members(): Promise<readonly EtcdMember[]>;
  addLearner(peerUrl: string): Promise<void>;
  promote(id: string): Promise<void>;
  removeMember(id: string): Promise<void>;
  updateMember(id: string, peerUrl: string): Promise<void>;
  moveLeader(id: string): Promise<void>;
  /** The database as a snapshot file's bytes. */
  snapshot(): Promise<Buffer>;
}

/** Opens a client; endpoints are tried in order until one answers. Files (paths) are omitted for plain HTTP. */
export function openEtcdClient(
  endpoints: readonly string[],
  files?: { readonly ca?: string; readonly cert?: string; readonly key?: string },
): EtcdClient {
  const agent =
    files === undefined
      ? undefined
      : makeHttpsAgent(
          Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path, 'utf8')])),
        );
  const post = async (path: string, body: object, timeoutMs = 10_000): Promise<Buffer> => {
    let failure: unknown = new CommandError('no etcd endpoints');
    for (const endpoint of endpoints) {
      try {
        const response = await send({
          url: endpoint + path,
          method: 'POST',
          ...(agent === undefined ? {} : { agent }),
          body: JSON.stringify(body),
          timeoutMs,
        });
        if (response.status === 200) return response.body;
        throw new EtcdError(messageOf(response.body.toString()));
      } catch (error) {
        failure = error;
        if (error instanceof EtcdError) break;
      }
    }
    throw failure;
  };
  return makeEtcdClient(post);
}

/** A refusal of etcd itself, such as `etcdserver: too many learner members in cluster`. */
export class EtcdError extends CommandError {}

function makeEtcdClient(
  post: (path: string, body: object, timeoutMs?: number) => Promise<Buffer>,
): EtcdClient {
  const call = async (path: string, body: object): Promise<Record<string, unknown>> =>
    JSON.parse((await post(path, body)).toString()) as Record<string, unknown>;
  const range = async (body: object): Promise<readonly EtcdKeyValue[]> => {
    const answer = (await call('/v3/kv/range', body)) as { kvs?: readonly RawKeyValue[] };
    return (answer.kvs ?? []).map(decodeKeyValue);
  };
  return {
    status: async () => {
      const answer = (await call('/v3/maintenance/status', {})) as RawStatus;
      return {
        memberId: answer.header?.member_id ?? '',
        leader: answer.leader ?? '0',
        isLearner: answer.isLearner === true,
        dbSize: Number(answer.dbSize ?? 0),
      };
    },
    isHealthy: async () => {
      try {
        await range({ key: encode('health') });
        return true;
      } catch {
        return false;
      }
    },
    get: async (key) => (await range({ key: encode(key) }))[0],
    list: (prefix, isLocal = false) =>
      range({
        key: encode(prefix),
        range_end: encode(`${prefix.slice(0, -1)}${nextCharacter(prefix)}`),
        serializable: isLocal,
      }),
    put: async (key, value) => void (await call('/v3/kv/put', { key: encode(key), value: encode(value) })),
    putIf: async (key, modRevision, value) => {
      const answer = await call('/v3/kv/txn', {
        compare: [{ key: encode(key), target: 'MOD', result: 'EQUAL', mod_revision: modRevision }],
        success: [{ request_put: { key: encode(key), value: encode(value) } }],
      });
      return answer['succeeded'] === true;
    },
    remove: async (key) => void (await call('/v3/kv/deleterange', { key: encode(key) })),
    members: async () =>
      ((await call('/v3/cluster/member/list', {})) as { members?: EtcdMember[] }).members ?? [],
    addLearner: async (url) =>
      void (await call('/v3/cluster/member/add', { peerURLs: [url], isLearner: true })),
    promote: async (id) => void (await call('/v3/cluster/member/promote', { ID: id })),
    removeMember: async (id) => void (await call('/v3/cluster/member/remove', { ID: id })),
    updateMember: async (id, url) =>
      void (await call('/v3/cluster/member/update', { ID: id, peerURLs: [url] })),
    moveLeader: async (id) => void (await call('/v3/maintenance/transfer-leadership', { targetID: id })),
    snapshot: async () => decodeSnapshot(await post('/v3/maintenance/snapshot', {}, 120_000)),
  };
}

interface RawKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

interface RawStatus {
  readonly header?: { readonly member_id?: string };
  readonly leader?: string;
  readonly isLearner?: boolean;
  readonly dbSize?: string;
}

function decodeKeyValue(raw: RawKeyValue): EtcdKeyValue {
  return { key: decode(raw.key), value: decode(raw.value ?? ''), modRevision: raw.mod_revision };
}

/** The gateway streams one JSON object per line, each with a blob. */
function decodeSnapshot(body: Buffer): Buffer {
  const blobs = body
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { result?: { blob?: string } }).result?.blob ?? '');
  return Buffer.concat(blobs.map((blob) => Buffer.from(blob, 'base64')));
}

function messageOf(text: string): string {
  try {
    const answer = JSON.parse(text) as { error?: string; message?: string };
    return answer.error ?? answer.message ?? text;
  } catch {
    return text;
  }
}

function nextCharacter(prefix: string): string {
  return String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
