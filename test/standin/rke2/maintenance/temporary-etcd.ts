import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EtcdClient } from '../etcd-client.ts';
import { openEtcdClient } from '../etcd-client.ts';
import { CommandError } from '../log.ts';
import { findProgram } from '../release.ts';

const CLIENT_URL = 'http://127.0.0.1:2399';
const PEER_URL = 'http://127.0.0.1:2400';
const PATIENCE_MS = 8000;

/**
 * Runs etcd on a database, as a cluster of its only member and on loopback without TLS, for as long as `work` takes.
 * The member keeps `memberName`, and its peer URL becomes `peerUrl`, if given, for the time after.
 */
export async function withTemporaryEtcd<T>(
  about: { readonly directory: string; readonly memberName: string; readonly peerUrl?: string },
  work: (etcd: EtcdClient) => Promise<T>,
): Promise<T> {
  // RKE2 runs it within its own process: it does not outlive RKE2, however that ends.
  const child = spawn(
    '/usr/bin/setpriv',
    [
      '--pdeathsig=KILL',
      findProgram('etcd'),
      `--data-dir=${about.directory}`,
      `--name=${about.memberName}`,
      '--force-new-cluster',
      `--listen-client-urls=${CLIENT_URL}`,
      `--advertise-client-urls=${CLIENT_URL}`,
      `--listen-peer-urls=${PEER_URL}`,
      `--initial-advertise-peer-urls=${PEER_URL}`,
      `--initial-cluster=${about.memberName}=${PEER_URL}`,
      '--heartbeat-interval=100',
      '--election-timeout=1000',
      '--log-outputs=stderr',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const etcd = openEtcdClient([CLIENT_URL]);
    const deadline = Date.now() + PATIENCE_MS;
    while (child.exitCode !== null || !(await etcd.isHealthy())) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new CommandError('temporary etcd did not become healthy');
      await sleep(100);
    }
    const [self] = await etcd.members();
    if (self !== undefined && about.peerUrl !== undefined) await etcd.updateMember(self.ID, about.peerUrl);
    return await work(etcd);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Unpacks a snapshot into a new database directory whose only member is this one. */
export async function restoreSnapshot(
  file: string,
  about: { readonly directory: string; readonly memberName: string; readonly peerUrl: string },
): Promise<void> {
  rmSync(about.directory, { recursive: true, force: true });
  try {
    await promisify(execFile)(
      findProgram('etcdctl'),
      [
        'snapshot',
        'restore',
        file,
        `--data-dir=${about.directory}`,
        `--name=${about.memberName}`,
        `--initial-cluster=${about.memberName}=${about.peerUrl}`,
        `--initial-advertise-peer-urls=${about.peerUrl}`,
      ],
      { env: { ...process.env, ETCDCTL_API: '3' } },
    );
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? '';
    throw new CommandError(`failed to restore snapshot: ${stderr.trim().split('\n').at(-1)}`);
  }
}
