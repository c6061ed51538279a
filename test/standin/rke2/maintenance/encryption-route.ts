import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBootstrapData, replaceBootstrapData } from '../bootstrap-data.ts';
import { readFileIfAny, writeFile } from '../files.ts';
import type { KubeClient, KubeObject } from '../kube-client.ts';
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

interface Key {
  readonly name: string;
  readonly secret: string;
}

/** The key file: which keys, the first one active, and whether they are used at all. */
interface Keys {
  readonly provider: string;
  readonly keys: readonly Key[];
  readonly enabled: boolean;
}

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
  const { paths } = state.options;
  const keys = readKeys(paths);
  const hasherror = await compareHashes(state);
  return {
    stage: stageOf(paths),
    activekey: keys.keys[0]?.name ?? '',
    enable: keys.enabled,
    hashmatch: hasherror === '',
    hasherror,
    inactivekeys: keys.keys.slice(1).map((key) => key.name),
  };
}

async function change(state: ServerState, request: EncryptionRequest): Promise<void> {
  const { paths } = state.options;
  const keys = readKeys(paths);
  const stage = stageOf(paths);
  if (request.enable !== undefined) return store(state, { ...keys, enabled: request.enable }, 'start');
  const expected = {
    prepare: ['start', 'reencrypt_finished'],
    rotate: ['prepare'],
    reencrypt_active: ['rotate'],
    rotate_keys: ['start', 'reencrypt_finished'],
  };
  const wanted = request.stage;
  if (wanted === undefined) throw new CommandError('unknown stage or enable value');
  if (keys.provider === 'secretbox' && wanted !== 'rotate_keys') {
    throw new CommandError(`${wanted} does not support secretbox key type, use rotate-keys instead`);
  }
  if (request.force !== true) {
    const hasherror = await compareHashes(state);
    if (hasherror !== '') throw new CommandError(hasherror);
    if (!expected[wanted].includes(stage))
      throw new CommandError(`error, incorrect stage: ${stage} found with ${wanted}`);
  }
  const [active, ...others] = keys.keys;
  if (active === undefined) throw new CommandError('no encryption key found');
  const fresh = {
    name: `${keys.provider}key-${new Date().toISOString().replace(/\.\d+Z/, 'Z')}`,
    secret: randomBytes(32).toString('base64'),
  };
  if (wanted === 'prepare') return store(state, { ...keys, keys: [active, ...others, fresh] }, 'prepare');
  if (wanted === 'rotate')
    return store(state, { ...keys, keys: [...others.slice(-1), active, ...others.slice(0, -1)] }, 'rotate');
  const next = wanted === 'rotate_keys' ? { ...keys, keys: [fresh, active] } : keys;
  await store(state, next, 'reencrypt_active');
  if (state.kube !== undefined) await rewriteSecrets(state.kube);
  const remaining = request.skip === true ? next.keys : next.keys.slice(0, 1);
  return store(state, { ...next, keys: remaining }, 'reencrypt_finished');
}

/** Every Secret is written again, which is what encrypts it with the active key. */
async function rewriteSecrets(kube: KubeClient): Promise<void> {
  const secrets = await kube.list<KubeObject>('/api/v1/secrets');
  for (const { metadata } of secrets) {
    const path = `/api/v1/namespaces/${metadata?.namespace}/secrets/${metadata?.name}`;
    await kube.update(path, await kube.get(path)).catch(() => undefined);
  }
  info(`Reencrypted ${secrets.length} secrets`);
}

async function store(state: ServerState, keys: Keys, stage: string): Promise<void> {
  const { paths, nodeName } = state.options;
  const provider = { [keys.provider]: { keys: keys.keys } };
  const identity = { identity: {} };
  const text = JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [
      { resources: ['secrets'], providers: keys.enabled ? [provider, identity] : [identity, provider] },
    ],
  });
  writeFile(join(paths.cred, 'encryption-config.json'), text);
  const hash = `${stage}-${createHash('sha256').update(text).digest('hex')}`;
  writeFile(join(paths.cred, 'encryption-state.json'), hash);
  if (state.etcd !== undefined)
    await replaceBootstrapData(state.etcd, state.passwords.server, readBootstrapData(paths));
  await state.kube?.patch(`/api/v1/nodes/${nodeName}`, {
    metadata: { annotations: { [ENCRYPTION_HASH]: hash } },
  });
}

/** Empty when all control-plane servers carry the same hash. */
async function compareHashes(state: ServerState): Promise<string> {
  if (state.kube === undefined) return '';
  const nodes = await state.kube.list<KubeObject>(
    '/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane%3Dtrue',
  );
  const own = encryptionHash(state.options.paths);
  const other = nodes.find((node) => node.metadata?.annotations?.[ENCRYPTION_HASH] !== own);
  return other === undefined
    ? ''
    : `hash does not match between ${state.options.nodeName} and ${other.metadata?.name}`;
}

function stageOf(paths: Paths): string {
  return encryptionHash(paths).replace(/-[0-9a-f]{64}$/, '');
}

function readKeys(paths: Paths): Keys {
  const config = JSON.parse(readFileSync(join(paths.cred, 'encryption-config.json'), 'utf8')) as {
    resources: { providers: Record<string, { keys?: Key[] }>[] }[];
  };
  const providers = config.resources[0]?.providers ?? [];
  const index = providers.findIndex((entry) => entry['identity'] === undefined);
  const [provider = 'aescbc', value] = Object.entries(providers[index] ?? {})[0] ?? [];
  return { provider, keys: value?.keys ?? [], enabled: index === 0 };
}
