import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { makeDirectory, readFileIfAny, writeFile } from './files.ts';
import type { KubeClient } from './kube-client.ts';
import { isNotFound } from './kube-client.ts';
import { NODE_DIRECTORY } from './paths.ts';

const NAMESPACE = 'kube-system';
const SCRYPT = { N: 2 ** 12, r: 8, p: 1 };

/** This host's node password, made on first use: 32 hex digits in /etc/rancher/node/password. */
export function ensureNodePassword(): string {
  return ensureHexFile(join(NODE_DIRECTORY, 'password'), 16, 0o600);
}

/** The id `with-node-id` appends to the name: 8 hex digits in /etc/rancher/node/id. */
export function ensureNodeId(): string {
  return ensureHexFile(join(NODE_DIRECTORY, 'id'), 4, 0o644);
}

/**
 * Whether the node may use this name: its password matches the Secret `<node>.node-password.rke2`, which is made when
 * there is none.
 */
export async function verifyNodePassword(kube: KubeClient, node: string, password: string): Promise<boolean> {
  const name = `${node}.node-password.rke2`.toLowerCase();
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets`;
  try {
    const secret = await kube.get<{ data?: { hash?: string } }>(`${path}/${name}`);
    return matches(Buffer.from(secret.data?.hash ?? '', 'base64').toString(), password);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const hash = Buffer.from(hashPassword(password)).toString('base64');
  await kube.create(path, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE },
    immutable: true,
    data: { hash },
  });
  return true;
}

function ensureHexFile(path: string, bytes: number, mode: number): string {
  const existing = readFileIfAny(path)?.trim();
  if (existing !== undefined && existing !== '') return existing;
  const value = randomBytes(bytes).toString('hex');
  makeDirectory(NODE_DIRECTORY);
  writeFile(path, `${value}\n`, mode);
  return value;
}

function hashPassword(password: string): string {
  const salt = randomBytes(8).toString('hex');
  const hash = scryptSync(password, salt, 64, SCRYPT).toString('base64');
  return `$1:${salt}:${Math.log2(SCRYPT.N)}:${SCRYPT.r}:${SCRYPT.p}:${hash}`;
}

function matches(stored: string, password: string): boolean {
  const [, salt = '', n = '', r = '', p = '', hash = ''] = stored.split(':');
  if (hash === '') return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = scryptSync(password, salt, expected.length, {
    N: 2 ** Number(n),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(expected, actual);
}
