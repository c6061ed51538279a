import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBootstrapData, replaceBootstrapData } from '../bootstrap-data.ts';
import { readFileIfAny, writeFile } from '../files.ts';
import type { KubeClient, KubeObject } from '../kube-client.ts';
import { isConflict, isNotFound } from '../kube-client.ts';
import { CommandError, info, reasonOf, warn } from '../log.ts';
import type { Paths } from '../paths.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route } from '../supervisor.ts';

/** The Node annotation by which servers compare their keys: `<stage>-<hash>`. */
export const ENCRYPTION_HASH = 'rke2.io/encryption-config-hash';

export interface EncryptionStatus {
  readonly stage: string;
  readonly activekey: string;
  readonly enable?: boolean;
  readonly hashmatch: boolean;
  readonly hasherror: string;
  readonly inactivekeys: readonly string[];
}

export interface EncryptionRequest {
  readonly enable?: boolean;
  readonly stage?: 'prepare' | 'rotate' | 'reencrypt_active' | 'rotate_keys';
  readonly force?: boolean;
  readonly skip?: boolean;
}

type Provider = 'aescbc' | 'secretbox';

interface Key {
  readonly provider: Provider;
  readonly name: string;
  readonly secret: string;
}

/** The key file: which keys, the first one active, and whether they are used at all. */
interface Keys {
  readonly keys: readonly Key[];
  readonly enabled: boolean;
}

const KEY_TYPES: Readonly<Record<Provider, string>> = { aescbc: 'AES-CBC', secretbox: 'XSalsa20-POLY1305' };

/** Servers that are writing Secrets anew right now: that stage is in no file, a server that starts anew has forgotten it. */
const reencrypting = new WeakSet<ServerState>();

export function makeEncryptionRoutes(state: ServerState): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1-rke2/encrypt/status',
      role: 'server',
      handle: async () => ({ body: JSON.stringify(await describe(state)) }),
    },
    {
      method: 'PUT',
      path: '/v1-rke2/encrypt/config',
      role: 'server',
      handle: async (request) => {
        try {
          await change(state, JSON.parse(request.body.toString()) as EncryptionRequest);
          return { body: '' };
        } catch (error) {
          warn(`secrets-encrypt: ${reasonOf(error)}`);
          return { status: 400, body: reasonOf(error) };
        }
      },
    },
  ];
}

/** The annotation this server's Node is to carry. */
export function encryptionHash(paths: Paths): string {
  return readFileIfAny(join(paths.cred, 'encryption-state.json')) ?? '';
}

async function describe(state: ServerState): Promise<EncryptionStatus> {
  const { keys, enabled } = readKeys(state.options.paths);
  const hasherror = await compareHashes(state);
  const names = keys.map(({ provider, name }) => `${KEY_TYPES[provider]} ${name}`);
  return {
    stage: stageOf(state),
    activekey: enabled ? (names[0] ?? '') : '',
    enable: enabled,
    hashmatch: hasherror === '',
    hasherror,
    inactivekeys: enabled ? names.slice(1) : names,
  };
}

async function change(state: ServerState, request: EncryptionRequest): Promise<void> {
  const { paths } = state.options;
  const provider = state.options.encryptionProvider as Provider;
  const { keys, enabled } = readKeys(paths);
  if (request.enable !== undefined) {
    await store(state, { keys, enabled: request.enable }, 'start');
    if (state.kube !== undefined) await rewriteSecrets(state.kube);
    return;
  }
  await checkOrder(state, request, provider);
  const own = keys.filter((key) => key.provider === provider);
  const others = keys.filter((key) => key.provider !== provider);
  const fresh: Key = {
    provider,
    name: `${provider}key-${new Date().toISOString().replace(/\.\d+Z/, 'Z')}`,
    secret: randomBytes(32).toString('base64'),
  };
  switch (request.stage) {
    case 'prepare':
      return store(state, { keys: [...own, fresh, ...others], enabled }, 'prepare');
    case 'rotate':
      return store(state, { keys: [...own.slice(-1), ...own.slice(0, -1), ...others], enabled }, 'rotate');
    case 'rotate_keys':
      await announceReencryption(state);
      writeKeys(paths, { keys: [fresh, ...own, ...others], enabled });
      return reencrypt(state, false);
    default:
      await announceReencryption(state);
      void reencrypt(state, request.skip === true).catch((error: unknown) =>
        warn(`secrets-encrypt: ${reasonOf(error)}`),
      );
  }
}

/** Which stage may follow which; `force` asks for none of it but with `rotate-keys`. */
async function checkOrder(
  state: ServerState,
  { stage, force }: EncryptionRequest,
  provider: Provider,
): Promise<void> {
  const expected = {
    prepare: ['start', 'reencrypt_finished'],
    rotate: ['prepare'],
    reencrypt_active: ['rotate'],
    rotate_keys: ['start', 'reencrypt_finished'],
  };
  if (stage === undefined) throw new CommandError('unknown stage or enable value');
  if (provider === 'secretbox' && stage !== 'rotate_keys')
    throw new CommandError(`${stage} does not support secretbox key type, use rotate-keys instead`);
  if (force === true && stage !== 'rotate_keys') return;
  const hasherror = await compareHashes(state);
  if (hasherror !== '') throw new CommandError(hasherror);
  const now = stageOf(state);
  if (!expected[stage].includes(now))
    throw new CommandError(`error, incorrect stage: ${now} found with ${stage}`);
}

async function announceReencryption(state: ServerState): Promise<void> {
  reencrypting.add(state);
  await annotate(state, hashOf(state.options.paths, 'reencrypt_active'));
}

/** Every Secret is written again with the active key, then the last key goes: of this provider, or of the one before. */
async function reencrypt(state: ServerState, skip: boolean): Promise<void> {
  const { paths, encryptionProvider: provider } = state.options;
  try {
    if (state.kube !== undefined) await rewriteSecrets(state.kube);
    const { keys, enabled } = readKeys(paths);
    const own = keys.filter((key) => key.provider === provider);
    const others = keys.filter((key) => key.provider !== provider);
    const left =
      own.length === 1 && others.length > 0
        ? [...own, ...others.slice(0, -1)]
        : [...own.slice(0, -1), ...others];
    if (skip) await annotate(state, encryptionHash(paths));
    else await store(state, { keys: left, enabled }, 'reencrypt_finished');
  } finally {
    reencrypting.delete(state);
  }
}

/** Each Secret is put back as it was, which encrypts it with the active key; who changes one meanwhile has done so. */
async function rewriteSecrets(kube: KubeClient): Promise<void> {
  const secrets = await kube.list<KubeObject>('/api/v1/secrets');
  for (const { metadata } of secrets) {
    const path = `/api/v1/namespaces/${metadata?.namespace}/secrets/${metadata?.name}`;
    try {
      await kube.update(path, await kube.get(path));
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
  info(`Reencrypted ${secrets.length} secrets`);
}

function writeKeys(paths: Paths, { keys, enabled }: Keys): void {
  const identity = { identity: {} };
  const providers = [...new Set(keys.map(({ provider }) => provider))].map((provider) => ({
    [provider]: {
      keys: keys.flatMap(({ name, secret, provider: of }) => (of === provider ? [{ name, secret }] : [])),
    },
  }));
  const text = JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [
      { resources: ['secrets'], providers: enabled ? [...providers, identity] : [identity, ...providers] },
    ],
  });
  writeFile(keyFile(paths), text);
}

function keyFile(paths: Paths): string {
  return join(paths.cred, 'encryption-config.json');
}

function hashOf(paths: Paths, stage: string): string {
  return `${stage}-${createHash('sha256')
    .update(readFileSync(keyFile(paths)))
    .digest('hex')}`;
}

async function store(state: ServerState, keys: Keys, stage: string): Promise<void> {
  const { paths } = state.options;
  writeKeys(paths, keys);
  const hash = hashOf(paths, stage);
  writeFile(join(paths.cred, 'encryption-state.json'), hash);
  if (state.etcd !== undefined)
    await replaceBootstrapData(state.etcd, state.passwords.server, readBootstrapData(paths));
  await annotate(state, hash);
}

async function annotate(state: ServerState, hash: string): Promise<void> {
  await state.kube?.patch(`/api/v1/nodes/${state.options.nodeName}`, {
    metadata: { annotations: { [ENCRYPTION_HASH]: hash } },
  });
}

/** Empty when all control-plane servers carry the same hash. */
async function compareHashes(state: ServerState): Promise<string> {
  if (state.kube === undefined) return '';
  const nodes = await state.kube.list<KubeObject>(
    '/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane%3Dtrue',
  );
  const { paths, nodeName } = state.options;
  const own = reencrypting.has(state) ? hashOf(paths, 'reencrypt_active') : encryptionHash(paths);
  const other = nodes.find(
    ({ metadata }) => metadata?.name !== nodeName && metadata?.annotations?.[ENCRYPTION_HASH] !== own,
  );
  return other === undefined ? '' : `hash does not match between ${nodeName} and ${other.metadata?.name}`;
}

function stageOf(state: ServerState): string {
  if (reencrypting.has(state)) return 'reencrypt_active';
  return encryptionHash(state.options.paths).replace(/-[0-9a-f]{64}$/, '');
}

function readKeys(paths: Paths): Keys {
  const config = JSON.parse(readFileSync(keyFile(paths), 'utf8')) as {
    resources: { providers: Record<string, { keys?: Omit<Key, 'provider'>[] }>[] }[];
  };
  const entries = (config.resources[0]?.providers ?? []).flatMap((entry) => Object.entries(entry));
  return {
    enabled: entries[0]?.[0] !== 'identity',
    keys: entries.flatMap(([provider, { keys = [] }]) =>
      keys.map(({ name, secret }) => ({ provider: provider as Provider, name, secret })),
    ),
  };
}
