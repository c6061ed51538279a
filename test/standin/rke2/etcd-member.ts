import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, EtcdMember } from './etcd-client.ts';
import { EtcdError, openEtcdClient } from './etcd-client.ts';
import { makeDirectory, readFileIfAny, writeFile } from './files.ts';
import { joinHostPort } from './http.ts';
import { CommandError, info, reasonOf } from './log.ts';
import type { ServerOptions } from './options.ts';
import type { Paths } from './paths.ts';
import type { PodSpec } from './pods.ts';
import { findProgram } from './release.ts';

const POLL_MS = 150;
const POLLS_PER_LINE = 20;

/** Whether this host holds an etcd database already. */
export function hasEtcdDatabase(paths: Paths): boolean {
  return existsSync(join(paths.etcd, 'member/wal'));
}

export function tombstonePath(paths: Paths): string {
  return join(paths.etcd, 'tombstone');
}

/**
 * What a removed member's host does at its next start: without `server` it refuses, with it the database is moved away
 * so that the host can join anew.
 */
export function handleTombstone(paths: Paths, server: string): void {
  if (!existsSync(tombstonePath(paths))) return;
  if (server === '') {
    throw new CommandError(
      // RKE2 prints the placeholder as it stands.
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is literal
      'tombstone file has been detected but --server is empty: backup and delete ${datadir}/server/db to create a new cluster, or set --server to rejoin the cluster',
    );
  }
  info('etcd tombstone file has been detected, removing data directory to rejoin the cluster');
  rmSync(paths.db, { recursive: true, force: true });
}

/** Moves the database aside as RKE2 does: etcd-old-<unix>. */
export function moveDatabaseAway(paths: Paths): void {
  if (existsSync(paths.etcd)) renameSync(paths.etcd, `${paths.etcd}-old-${Math.floor(Date.now() / 1000)}`);
}

/** The member's name, `<node>-<8 hex>`, made once. */
export function ensureMemberName(paths: Paths, nodeName: string): string {
  makeDirectory(paths.db, 0o700);
  makeDirectory(paths.etcd, 0o700);
  const file = join(paths.etcd, 'name');
  const existing = readFileIfAny(file)?.trim();
  if (existing !== undefined && existing !== '') return existing;
  const name = `${nodeName}-${randomBytes(4).toString('hex')}`;
  writeFile(file, name);
  return name;
}

/**
 * Writes etcd's configuration and describes its pod. Without `members` those of the configuration on disk stay; they
 * only count while there is no database.
 */
export function describeEtcdPod(
  options: ServerOptions,
  memberName: string,
  initialCluster: { readonly members: readonly string[] | undefined; readonly state: 'new' | 'existing' },
): PodSpec {
  const { paths } = options;
  const file = join(paths.etcd, 'config');
  const address = options.nodeAddresses[0] ?? '127.0.0.1';
  const loopback = address.includes(':') ? '[::1]' : '127.0.0.1';
  const url = (port: number): string => `https://${joinHostPort(address, port)}`;
  const metrics = options.exposeEtcdMetrics ? `,http://${joinHostPort(address, 2381)}` : '';
  const config: Record<string, unknown> = {
    name: memberName,
    'data-dir': paths.etcd,
    'listen-client-urls': `https://127.0.0.1:2379,${loopback === '127.0.0.1' ? '' : 'https://[::1]:2379,'}${url(2379)}`,
    'advertise-client-urls': url(2379),
    'listen-peer-urls': `https://${loopback}:2380,${url(2380)}`,
    'initial-advertise-peer-urls': url(2380),
    ...chooseInitialCluster(file, initialCluster, `${memberName}=${url(2380)}`),
    'listen-metrics-urls': `http://127.0.0.1:2381${metrics}`,
    'heartbeat-interval': 250,
    'election-timeout': 2500,
    'snapshot-count': 10000,
    'enable-grpc-gateway': true,
    'log-outputs': ['stderr'],
    logger: 'zap',
    'client-transport-security': {
      'cert-file': join(paths.tls, 'etcd/server-client.crt'),
      'key-file': join(paths.tls, 'etcd/server-client.key'),
      'client-cert-auth': true,
      'trusted-ca-file': join(paths.tls, 'etcd/server-ca.crt'),
    },
    'peer-transport-security': {
      'cert-file': join(paths.tls, 'etcd/peer-server-client.crt'),
      'key-file': join(paths.tls, 'etcd/peer-server-client.key'),
      'client-cert-auth': true,
      'trusted-ca-file': join(paths.tls, 'etcd/peer-ca.crt'),
    },
  };
  for (const arg of options.etcdArgs) {
    const [key = '', ...value] = arg.replace(/^--/, '').split('=');
    config[key] = readArgument(key, value.join('='));
  }
  const text = `${JSON.stringify(config, null, 1)}\n`;
  writeFile(file, text);
  return {
    name: 'etcd',
    image: 'index.docker.io/rancher/hardened-etcd:v3.6.14-k3s1-build20260819',
    command: [findProgram('etcd'), `--config-file=${file}`],
    stamp: stampFiles(text, [
      ...Object.values(config['client-transport-security'] as object),
      ...Object.values(config['peer-transport-security'] as object),
    ]),
  };
}

/** The types that RKE2 makes of an argument's text: whole numbers, times for keys that sound like one, lists in brackets, flags. */
function readArgument(key: string, text: string): unknown {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  const time = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (text !== '' && time && /time|duration|interval|retention/.test(key)) {
    const [hours = 0, minutes = 0, seconds = 0] = time.slice(1).map((part) => Number(part ?? 0));
    return ((hours * 60 + minutes) * 60 + seconds) * 1e9;
  }
  const list = /^\[(.*)\]$/.exec(text);
  if (list) return (list[1] ?? '').split(',').map((item) => item.trim());
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

/** etcd must start anew when its configuration or one of the files it names changed. */
function stampFiles(text: string, values: readonly unknown[]): string {
  const hash = createHash('sha256').update(text);
  for (const path of values) if (typeof path === 'string') hash.update(readFileSync(path));
  return hash.digest('hex');
}

function chooseInitialCluster(
  file: string,
  wanted: { readonly members: readonly string[] | undefined; readonly state: string },
  self: string,
): Record<string, unknown> {
  const before = JSON.parse(readFileIfAny(file) ?? '{}') as Record<string, unknown>;
  if (wanted.members === undefined && before['initial-cluster'] !== undefined) {
    return {
      'initial-cluster': before['initial-cluster'],
      'initial-cluster-state': before['initial-cluster-state'],
    };
  }
  return { 'initial-cluster': wanted.members?.join(',') ?? self, 'initial-cluster-state': wanted.state };
}

/** A client of the local member. */
export function openLocalEtcd(paths: Paths): EtcdClient {
  return openEtcdClient(['https://127.0.0.1:2379'], etcdClientFiles(paths));
}

export function etcdClientFiles(paths: Paths): { ca: string; cert: string; key: string } {
  return {
    ca: join(paths.tls, 'etcd/server-ca.crt'),
    cert: join(paths.tls, 'etcd/client.crt'),
    key: join(paths.tls, 'etcd/client.key'),
  };
}

/**
 * Adds this host as a learner, waiting while another learner is joining, and returns the initial cluster etcd must be
 * started with. `members` are those a peer server told of.
 */
export async function joinEtcd(
  options: ServerOptions,
  memberName: string,
  members: readonly EtcdMember[],
): Promise<readonly string[]> {
  const endpoints = members
    .filter((member) => member.isLearner !== true)
    .flatMap((member) => member.clientURLs ?? []);
  const etcd = openEtcdClient(endpoints, etcdClientFiles(options.paths));
  const peerUrl = `https://${joinHostPort(options.nodeAddresses[0] ?? '', 2380)}`;
  for (;;) {
    try {
      return await tryJoin(etcd, options, { name: memberName, peerUrl });
    } catch (error) {
      if (error instanceof DuplicateNameError) throw error;
      if (!(error instanceof EtcdError)) {
        info(`Failed to join etcd cluster: ${reasonOf(error)}`);
      } else {
        info(`Waiting for other members to finish joining etcd cluster: ${error.message}`);
      }
      await sleep(1000);
    }
  }
}

/** A name clash is no matter of patience. */
class DuplicateNameError extends CommandError {}

async function tryJoin(
  etcd: EtcdClient,
  options: ServerOptions,
  self: { name: string; peerUrl: string },
): Promise<readonly string[]> {
  const present = await etcd.members();
  const cluster: string[] = [];
  let isMember = false;
  for (const member of present) {
    const name = member.name ?? '';
    const isSelf = (name === '' && member.peerURLs?.includes(self.peerUrl) === true) || name === self.name;
    if (isSelf) isMember = true;
    else if (name.replace(/-[^-]*$/, '') === options.nodeName) {
      rmSync(join(options.paths.etcd, 'name'), { force: true });
      throw new DuplicateNameError('duplicate node name found, please use a unique name for this node');
    }
    for (const url of member.peerURLs ?? []) {
      if (!isSelf && name !== '') cluster.push(`${name}=${url}`);
    }
  }
  cluster.push(`${self.name}=${self.peerUrl}`);
  if (!isMember) {
    info(`Adding member ${self.name}=${self.peerUrl} to etcd cluster [${cluster.slice(0, -1).join(' ')}]`);
    await etcd.addLearner(self.peerUrl);
  }
  return cluster;
}

/** Waits until the local member answers and is no learner any more. */
export async function waitForEtcd(etcd: EtcdClient): Promise<void> {
  let last = '';
  let polls = 0;
  for (;;) {
    try {
      const status = await etcd.status();
      if (!status.isLearner && (await etcd.isHealthy())) return;
      last = status.isLearner ? 'this server is a learner' : 'no leader';
    } catch (error) {
      last = reasonOf(error);
    }
    if (polls % POLLS_PER_LINE === 0) info(`Failed to test etcd connection: ${last}`);
    polls += 1;
    await sleep(POLL_MS);
  }
}
