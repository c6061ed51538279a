import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EtcdClient } from './etcd-client.ts';
import { makeDirectory, writeFile } from './files.ts';
import { CommandError, info, warn } from './log.ts';
import type { Paths } from './paths.ts';

const CLOCK_SKEW_SECONDS = 3;

/** The files every server must share, by the name they have in the bootstrap data. */
const SHARED_FILES: Readonly<Record<string, string>> = {
  ServerCA: 'tls/server-ca.crt',
  ServerCAKey: 'tls/server-ca.key',
  ClientCA: 'tls/client-ca.crt',
  ClientCAKey: 'tls/client-ca.key',
  RequestHeaderCA: 'tls/request-header-ca.crt',
  RequestHeaderCAKey: 'tls/request-header-ca.key',
  ETCDServerCA: 'tls/etcd/server-ca.crt',
  ETCDServerCAKey: 'tls/etcd/server-ca.key',
  ETCDPeerCA: 'tls/etcd/peer-ca.crt',
  ETCDPeerCAKey: 'tls/etcd/peer-ca.key',
  ServiceKey: 'tls/service.key',
  PasswdFile: 'cred/passwd',
  EncryptionConfig: 'cred/encryption-config.json',
  EncryptionHash: 'cred/encryption-state.json',
};

/** Name to content (base64) and time of last change, as it is sent to joining servers and kept in etcd. */
export type BootstrapData = Record<string, { readonly Timestamp: string; readonly Content: string }>;

/** Collects the shared files from disk. */
export function readBootstrapData(paths: Paths): BootstrapData {
  const data: BootstrapData = {};
  for (const [name, file] of Object.entries(SHARED_FILES)) {
    const path = join(paths.server, file);
    if (!existsSync(path)) continue;
    data[name] = {
      Timestamp: statSync(path).mtime.toISOString(),
      Content: readFileSync(path).toString('base64'),
    };
  }
  return data;
}

/** Writes the shared files, leaving those alone that hold the same bytes already. */
export function writeBootstrapData(paths: Paths, data: BootstrapData): void {
  for (const [name, file] of Object.entries(SHARED_FILES)) {
    const entry = data[name];
    if (entry === undefined) continue;
    const path = join(paths.server, file);
    const content = Buffer.from(entry.Content, 'base64');
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    makeDirectory(dirname(path), 0o700);
    writeFile(path, content, file.endsWith('.crt') ? 0o644 : 0o600);
  }
}

/** The etcd key of bootstrap data encrypted with this server password. */
export function bootstrapKey(password: string): string {
  return `/bootstrap/${createHash('sha256').update(password).digest('hex').slice(0, 12)}`;
}

/** Stores the data unless the cluster already holds data under another password, which is fatal. */
export async function saveBootstrapData(
  etcd: EtcdClient,
  password: string,
  data: BootstrapData,
): Promise<void> {
  const key = bootstrapKey(password);
  if (await findBootstrapEntry(etcd, password)) return;
  const stored = await etcd.putIf(key, '0', encrypt(password, JSON.stringify(data)));
  if (stored) info('Saving cluster bootstrap data to datastore');
}

/** Replaces the data, e.g. after the authorities were rotated. */
export async function replaceBootstrapData(
  etcd: EtcdClient,
  password: string,
  data: BootstrapData,
): Promise<void> {
  await etcd.put(bootstrapKey(password), encrypt(password, JSON.stringify(data)));
}

/** The data stored under this password, or undefined in a new cluster; fatal when it is under another one. With
 * `isLocal` no quorum is needed. */
export async function loadBootstrapData(
  etcd: EtcdClient,
  password: string,
  isLocal = false,
): Promise<BootstrapData | undefined> {
  const entry = await findBootstrapEntry(etcd, password, isLocal);
  return entry === undefined ? undefined : (JSON.parse(decrypt(password, entry)) as BootstrapData);
}

/**
 * Brings the files on disk in line with the datastore: older ones are overwritten, a newer one is fatal because it
 * could split the cluster.
 */
export function reconcileBootstrapData(paths: Paths, data: BootstrapData): void {
  info('Reconciling bootstrap data between datastore and disk');
  const newer: string[] = [];
  for (const [name, file] of Object.entries(SHARED_FILES)) {
    const entry = data[name];
    const path = join(paths.server, file);
    if (entry === undefined || !existsSync(path)) continue;
    if (readFileSync(path).toString('base64') === entry.Content) continue;
    const difference = statSync(path).mtimeMs / 1000 - Date.parse(entry.Timestamp) / 1000;
    if (difference >= CLOCK_SKEW_SECONDS && isSensitive(file)) newer.push(path);
    else warn(`Updating ${basename(path)} from datastore`);
  }
  if (newer.length > 0) {
    throw new CommandError(
      `${newer.join(', ')} newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart to be recreated from datastore.`,
    );
  }
  writeBootstrapData(paths, data);
}

function isSensitive(file: string): boolean {
  return file.startsWith('tls/');
}

async function findBootstrapEntry(
  etcd: EtcdClient,
  password: string,
  isLocal = false,
): Promise<string | undefined> {
  const entries = (await etcd.list('/bootstrap/', isLocal)).filter((entry) => entry.value !== '');
  const own = entries.find((entry) => entry.key === bootstrapKey(password));
  if (own !== undefined) return own.value;
  if (entries.length > 0) {
    throw new CommandError('bootstrap data already found and encrypted with different token');
  }
  return undefined;
}

/** `<salt>:<base64 of nonce, ciphertext and tag>`, AES-256-GCM with a PBKDF2 key. */
function encrypt(password: string, text: string): string {
  const salt = randomBytes(8).toString('hex');
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(password, salt), nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${salt}:${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64')}`;
}

function decrypt(password: string, stored: string): string {
  const [salt = '', encoded = ''] = stored.split(':');
  const bytes = Buffer.from(encoded, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(password, salt), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}

function deriveKey(password: string, salt: string): Buffer {
  return pbkdf2Sync(password, salt, 4096, 32, 'sha1');
}
