import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { loadBootstrapData, writeBootstrapData } from '../bootstrap-data.ts';
import { ensureMemberName, hasEtcdDatabase, moveDatabaseAway } from '../etcd-member.ts';
import { makeDirectory, writeFile } from '../files.ts';
import { textOf } from '../flags.ts';
import { joinHostPort } from '../http.ts';
import { CommandError, info, log, reasonOf } from '../log.ts';
import type { ServerOptions } from '../options.ts';
import { stopPods } from '../pods.ts';
import { chooseServerPassword } from '../server-identity.ts';
import { snapshotDirectory } from './snapshot-files.ts';
import { S3Client, s3ConfigOf } from './snapshot-s3.ts';
import { restoreSnapshot, withTemporaryEtcd } from './temporary-etcd.ts';
import { readZip } from './zip.ts';

const DONE =
  // RKE2 prints the placeholder as it stands.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is literal
  'Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes';

/** The mark a reset leaves until the next normal start. */
export function resetFlagPath(options: ServerOptions): string {
  return join(options.paths.db, 'reset-flag');
}

/** `rke2 server --cluster-reset`: makes this server's etcd a cluster of one, from a snapshot if one is named. */
export async function resetCluster(options: ServerOptions): Promise<void> {
  const snapshot = textOf(options.flags, 'cluster-reset-restore-path');
  refuse(options, snapshot);
  await checkSupervisorIsDown();
  const password = chooseServerPassword(options);
  await stopServerPods(options);
  const source =
    snapshot === '' ? undefined : unpackSnapshot(options, await fetchSnapshot(options, snapshot));
  if (source === undefined && !hasEtcdDatabase(options.paths)) {
    throw new CommandError(`etcd: cluster-reset requires a database, none found in ${options.paths.etcd}`);
  }
  const peerUrl = `https://${joinHostPort(options.nodeAddresses[0] ?? '', 2380)}`;
  if (source !== undefined) {
    backUpCertificates(options);
    moveDatabaseAway(options.paths);
    makeDirectory(options.paths.db, 0o700);
    const memberName = ensureMemberName(options.paths, options.nodeName);
    await restoreSnapshot(source, { directory: options.paths.etcd, memberName, peerUrl });
    writeFile(join(options.paths.etcd, 'name'), memberName);
  }
  const memberName = ensureMemberName(options.paths, options.nodeName);
  const stored = await withTemporaryEtcd({ directory: options.paths.etcd, memberName, peerUrl }, (etcd) =>
    loadBootstrapData(etcd, password),
  );
  if (stored === undefined)
    throw new CommandError(
      'no bootstrap data found in datastore - check server token value and verify datastore integrity',
    );
  writeBootstrapData(options.paths, stored);
  rmSync(join(options.paths.etcd, 'config'), { force: true });
  writeFile(resetFlagPath(options), '');
  log('error', `Shutdown request received: "${DONE}"`);
}

function refuse(options: ServerOptions, snapshot: string): void {
  if (options.server !== '') {
    throw new CommandError(
      'cannot perform cluster-reset while server URL is set - remove server from configuration before resetting',
    );
  }
  if (existsSync(resetFlagPath(options))) {
    throw new CommandError(
      `Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start rke2 normally. If you need to perform another cluster reset, you must first manually delete the file at ${resetFlagPath(options)}`,
    );
  }
  if (snapshot === '') return;
  const tokenFile = join(options.paths.server, 'token');
  if (options.token === '' && !existsSync(tokenFile)) {
    throw new CommandError(`${tokenFile} does not exist, please pass --token to complete the restoration`);
  }
}

/** The service must not run: the reset needs its port. */
function checkSupervisorIsDown(): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => reject(new CommandError('listen tcp :9345: bind: address already in use')));
    server.listen(9345, () => server.close(() => resolve()));
  });
}

async function stopServerPods(options: ServerOptions): Promise<void> {
  const pods = ['etcd', 'kube-apiserver'];
  info('Static pod cleanup in progress');
  for (const name of pods) rmSync(join(options.paths.podManifests, `${name}.yaml`), { force: true });
  await stopPods(pods);
}

/** With S3 on, what is named is an object in the bucket, and is brought into the directory of snapshots first. */
async function fetchSnapshot(options: ServerOptions, name: string): Promise<string> {
  const config = s3ConfigOf(options.flags);
  if (config === undefined) return name;
  const s3 = await S3Client.open(config);
  const content = await s3.download(name).catch((error: unknown) => {
    throw new CommandError(`failed to download snapshot from S3: ${reasonOf(error)}`);
  });
  const path = join(snapshotDirectory(options), basename(name));
  writeFile(path, content);
  return path;
}

/** The snapshot's path, unzipped beside it if need be. */
function unpackSnapshot(options: ServerOptions, path: string): string {
  if (!existsSync(path)) throw new CommandError(`etcd: snapshot path does not exist: ${path}`);
  if (!path.endsWith('.zip')) return path;
  if (process.env['RKE2_STANDIN_ZIP_RESTORE'] === undefined) {
    // Releases from March 2026 on put the snapshot directory before a path that has it already.
    throw new CommandError(`open ${join(options.paths.snapshots, path)}: no such file or directory`);
  }
  const target = join(dirname(path), `${path.slice(dirname(path).length + 1, -'.zip'.length)}-decompressed`);
  writeFile(target, readZip(readFileSync(path)));
  return target;
}

function backUpCertificates(options: ServerOptions): void {
  if (!existsSync(options.paths.tls)) return;
  cpSync(options.paths.tls, `${options.paths.tls}-${Math.floor(Date.now() / 1000)}`, { recursive: true });
}
