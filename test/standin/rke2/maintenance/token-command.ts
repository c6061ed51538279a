import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { hashAuthority } from '../certificate.ts';
import type { ParsedFlags } from '../flags.ts';
import { listOf, makeFlagSet, textOf } from '../flags.ts';
import type { KubeClient, KubeObject } from '../kube-client.ts';
import { isConflict, openKubeClientWith } from '../kube-client.ts';
import { CommandError, reasonOf } from '../log.ts';
import { KUBECONFIG } from '../paths.ts';
import { sendToSupervisor } from '../supervisor-client.ts';
import { alignColumns, openLocalSupervisor } from './local-supervisor.ts';

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const GROUP = 'system:bootstrappers:rke2:default-node-token';
const PATTERN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

export const TOKEN_FLAGS = makeFlagSet(
  {
    string: 'data-dir kubeconfig description output token new-token server',
    'split-list': 'groups usages',
    duration: 'ttl',
    bool: 'debug',
  },
  { d: 'data-dir', o: 'output', t: 'token', s: 'server' },
);

/** `rke2 token create|generate|list|delete|rotate`; results go to stdout. */
export async function runToken(subcommand: string, flags: ParsedFlags): Promise<void> {
  switch (subcommand) {
    case 'generate':
      process.stdout.write(`${generate()}\n`);
      return;
    case 'create':
      return create(flags);
    case 'list':
      return list(flags);
    case 'delete':
      return remove(flags);
    case 'rotate':
      return rotate(flags);
    default:
      throw new CommandError(`No help topic for '${subcommand}'`);
  }
}

async function create(flags: ParsedFlags): Promise<void> {
  const token = flags.rest[0] ?? generate();
  const match = PATTERN.exec(token);
  if (match === null)
    throw new CommandError(
      `the bootstrap token "${token}" was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"`,
    );
  const { kube, ca } = openAdmin(flags);
  const milliseconds = durationOf(textOf(flags, 'ttl', '24h'));
  const data: Record<string, string> = {
    'token-id': match[1] ?? '',
    'token-secret': match[2] ?? '',
    'auth-extra-groups': listOf(flags, 'groups', [GROUP]).join(','),
  };
  if (milliseconds > 0)
    data['expiration'] = new Date(Date.now() + milliseconds).toISOString().replace(/\.\d+Z/, 'Z');
  if (textOf(flags, 'description') !== '') data['description'] = textOf(flags, 'description');
  for (const usage of listOf(flags, 'usages', ['signing', 'authentication']))
    data[`usage-bootstrap-${usage}`] = 'true';
  try {
    await kube.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'bootstrap.kubernetes.io/token',
      metadata: { name: `bootstrap-token-${match[1]}`, namespace: 'kube-system' },
      data: Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
    });
  } catch (error) {
    if (isConflict(error)) throw new CommandError(`a token with id "${match[1]}" already exists`);
    throw error;
  }
  process.stdout.write(`K10${hashAuthority(ca)}::${token}\n`);
}

interface TokenSecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

async function list(flags: ParsedFlags): Promise<void> {
  const { kube } = openAdmin(flags);
  const secrets = (await kube.list<TokenSecret>(SECRETS)).filter(
    (secret) => secret.metadata?.name?.startsWith('bootstrap-token-') === true,
  );
  const tokens = secrets.map((secret) => {
    const read = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
    const usages = ['authentication', 'signing'].filter(
      (usage) => read(`usage-bootstrap-${usage}`) === 'true',
    );
    return {
      token: read('token-id'),
      expires: read('expiration'),
      usages,
      description: read('description'),
      groups: read('auth-extra-groups'),
    };
  });
  if (textOf(flags, 'output', 'text') === 'json') {
    process.stdout.write(`${JSON.stringify(tokens)}\n`);
    return;
  }
  const rows = tokens.map((token) => [
    token.token,
    remaining(token.expires),
    token.expires === '' ? '<never>' : token.expires,
    token.usages.join(','),
    token.description === '' ? '<none>' : token.description,
    token.groups,
  ]);
  process.stdout.write(
    alignColumns([['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], ...rows], 3),
  );
}

async function remove(flags: ParsedFlags): Promise<void> {
  if (flags.rest.length === 0) throw new CommandError("missing argument; 'token delete' is missing token");
  const { kube } = openAdmin(flags);
  for (const text of flags.rest) {
    const id = text.replace(/^K10[0-9a-f]*::/, '').split('.')[0];
    await kube.remove(`${SECRETS}/bootstrap-token-${id}`);
    process.stdout.write(`bootstrap token "${id}" deleted\n`);
  }
}

async function rotate(flags: ParsedFlags): Promise<void> {
  const access = await openLocalSupervisor(flags);
  const newToken = textOf(flags, 'new-token', randomBytes(16).toString('hex'));
  try {
    await sendToSupervisor(access, 'PUT', '/v1-rke2/token', { newToken });
  } catch (error) {
    throw new CommandError(`see server log for details: ${reasonOf(error)}`);
  }
  process.stdout.write(
    '\u001b[33mWARNING\u001b[0m: Recommended to keep a record of the old token. If restoring from a snapshot, you must use the token associated with that snapshot.\nToken rotated, restart rke2 nodes with new token\n',
  );
}

/** The cluster as the admin's kubeconfig describes it. */
function openAdmin(flags: ParsedFlags): { kube: KubeClient; ca: string } {
  const config = parse(readFileSync(textOf(flags, 'kubeconfig', KUBECONFIG), 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();
  const cluster = config.clusters[0]?.cluster ?? {};
  const user = config.users[0]?.user ?? {};
  const ca = decode(cluster['certificate-authority-data']);
  const cert = decode(user['client-certificate-data']);
  return {
    kube: openKubeClientWith(cluster['server'] ?? '', { ca, cert, key: decode(user['client-key-data']) }),
    ca,
  };
}

function generate(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const pick = (count: number): string =>
    Array.from({ length: count }, () => letters[randomInt(letters.length)]).join('');
  return `${pick(6)}.${pick(16)}`;
}

function durationOf(text: string): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, match) => sum + Number(match[1]) * (units[match[2] ?? ''] ?? 0),
    0,
  );
}

function remaining(expires: string): string {
  if (expires === '') return '<forever>';
  const minutes = Math.floor((Date.parse(expires) - Date.now()) / 60_000);
  if (minutes < 0) return '<invalid>';
  return minutes >= 60 ? `${Math.floor(minutes / 60)}h` : `${minutes}m`;
}
