import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkTo, makeDirectory, readFileIfAny, writeFile } from './files.ts';
import type { ServerOptions } from './options.ts';
import type { Paths } from './paths.ts';
import type { Passwords } from './supervisor.ts';
import { checkTokenPin, formatToken, parseToken, serverPasswordOf } from './token.ts';

/** The server's password: the configured token's, else the one on disk, else a new one of 32 hex digits. */
export function chooseServerPassword(options: ServerOptions): string {
  if (options.token !== '') return serverPasswordOf(options.token);
  const onDisk = readFileIfAny(join(options.paths.server, 'token'))?.trim();
  if (onDisk !== undefined && onDisk !== '') return serverPasswordOf(onDisk);
  return randomBytes(16).toString('hex');
}

/** Refuses a full token that pins another authority than this server's. */
export function checkOwnTokenPin(options: ServerOptions): void {
  if (!options.token.startsWith('K10')) return;
  checkTokenPin(parseToken(options.token), readFileSync(join(options.paths.tls, 'server-ca.crt'), 'utf8'));
}

/** Writes cred/passwd and the token files and returns both passwords. */
export function writeTokens(options: ServerOptions, serverPassword: string): Passwords {
  const { paths } = options;
  const agentPassword = options.agentToken === '' ? serverPassword : serverPasswordOf(options.agentToken);
  makeDirectory(paths.cred, 0o700);
  writeFile(
    join(paths.cred, 'passwd'),
    `${serverPassword},server,server,rke2:server\n${agentPassword},node,node,rke2:agent\n`,
  );
  const ca = readFileSync(join(paths.tls, 'server-ca.crt'), 'utf8');
  writeFile(join(paths.server, 'token'), `${formatToken('server', serverPassword, ca)}\n`);
  linkTo(join(paths.server, 'token'), join(paths.server, 'node-token'));
  const agentFile = join(paths.server, 'agent-token');
  if (options.agentToken === '') linkTo(join(paths.server, 'token'), agentFile);
  else writeFile(agentFile, `${formatToken('node', agentPassword, ca)}\n`);
  return { server: serverPassword, agent: agentPassword };
}

/** The key file of secrets encryption and its state, made once and shared by the bootstrap data. */
export function ensureEncryptionConfig(paths: Paths, provider: string): void {
  makeDirectory(paths.cred, 0o700);
  const file = join(paths.cred, 'encryption-config.json');
  if (existsSync(file)) return;
  const key = { name: `${provider}key`, secret: randomBytes(32).toString('base64') };
  const config = {
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [{ resources: ['secrets'], providers: [{ [provider]: { keys: [key] } }, { identity: {} }] }],
  };
  const text = JSON.stringify(config);
  writeFile(file, text);
  writeFile(
    join(paths.cred, 'encryption-state.json'),
    `start-${createHash('sha256').update(text).digest('hex')}`,
  );
}

/** The names the supervisor's and the API server's certificates carry. */
export function apiNames(options: ServerOptions, firstServiceAddress: string): readonly string[] {
  return [
    '127.0.0.1',
    '::1',
    'localhost',
    options.nodeName,
    options.nodeName.split('.')[0] ?? options.nodeName,
    ...options.nodeAddresses,
    ...options.externalAddresses,
    options.advertiseAddress,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${options.clusterDomain}`,
    firstServiceAddress,
    ...options.tlsSans,
  ];
}
