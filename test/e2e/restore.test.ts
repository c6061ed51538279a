import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideRelease } from '../lab/artifacts.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { gateway } from '../lab/network.ts';
import { S3_KEYS, type S3Server, startS3Server } from '../lab/s3-server.ts';
import { firstSnapshot } from '../support/sample-snapshots.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';
import { chooseStepCuts, runUntilCut } from './step-cuts.ts';

/*
 * Going back to a snapshot: refused while nothing is stopped, killed at its steps, with a server away that comes back, and
 * with all servers lost, from a file and from S3; with the RKE2 of then. `npm run test:long` cuts at every step, `npm test`
 * at some.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const SEED = process.env['RKE2CTL_CUT_SEED'] ?? '1';
const DB = '/var/lib/rancher/rke2/server/db';
const [OLD, NEW] = ['v1.35.7+rke2r1', 'v1.36.4+rke2r1'];
const COUNT = 100;

let lab: Lab;
let project: Project;
let s3: S3Server;
let snapshot: string;
let file: string;
let then: string;

beforeAll(async () => {
  lab = await createLab({ name: 'restore', hosts: 4, sudo: 'root', version: OLD });
  project = await makeProject(lab, 'restore');
  s3 = await startS3Server({
    ...{ directory: project.directory, address: gateway },
    within: ['nsenter', `--net=/run/netns/${lab.namespace}`, '--'],
  });
  project.environment['S3_SECRET_KEY'] = S3_KEYS.secretKey;
  await writeCluster([SERVER, SERVER, SERVER, WORKER]);
  expectExit(await project.rke2ctl('up'));
  await writeFile(
    project.path('objects.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: items() }),
  );
  expectExit(await project.kubectl('create', 'namespace', 'app'));
  expectExit(await project.kubectl('apply', '-f', project.path('objects.json')));
  then = await objects();
  expectExit(await project.rke2ctl('etcd', 'snapshot-save', '--name', 'gold', '--yes'));
  const { stdout } = expectExit(await project.rke2ctl('etcd', 'snapshot-list', '--output', 'json'));
  snapshot = /gold-node\d-\d+/.exec(stdout)?.[0] ?? '';
  const kept = project.path('kept');
  expectExit(await project.rke2ctl('etcd', 'snapshot-download', snapshot, '--out', kept));
  file = join(kept, snapshot);
});

afterAll(async () => {
  await s3?.stop();
  await lab?.destroy();
});

function writeCluster(roles: readonly (readonly string[])[], more: Readonly<Record<string, unknown>> = {}) {
  const s3backupconfig = {
    ...{ endpoint: `${gateway}:${s3.port}`, bucket_name: s3.bucket, custom_ca: s3.ca },
    ...{ access_key: S3_KEYS.accessKey, secret_key: 'env:S3_SECRET_KEY' },
  };
  const services = { etcd: { backup_config: { s3backupconfig } } };
  return project.write(clusterFile(lab, roles, { services, ...more }));
}

/** ConfigMaps and Secrets of a namespace of their own. */
function items(): readonly object[] {
  return Array.from({ length: COUNT }, (_, index) => ({
    apiVersion: 'v1',
    kind: index % 2 === 0 ? 'ConfigMap' : 'Secret',
    metadata: { name: `object-${index}`, namespace: 'app' },
    ...(index % 2 === 0
      ? { data: { value: `value ${index}` } }
      : { stringData: { value: `value ${index}` } }),
  }));
}

/** All of it that one may have changed: kind, name and data. */
async function objects(): Promise<string> {
  const { stdout } = expectExit(
    await project.kubectl('get', 'configmaps,secrets', '-n', 'app', '-o', 'json'),
  );
  const found = JSON.parse(stdout).items as readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data: unknown;
  }[];
  const lines = found
    .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
    .map(({ kind, metadata, data }) => `${kind} ${metadata.name} ${JSON.stringify(data)}`);
  return lines.toSorted().join('\n');
}

/** Makes, changes and deletes objects, and makes a namespace: none of that is in the snapshot. */
async function changeObjects(): Promise<void> {
  const commands = [
    ['create', 'configmap', 'after', '-n', 'app'],
    ['create', 'namespace', 'later'],
    ['delete', '-n', 'app', 'configmap', 'object-0'],
    ['patch', '-n', 'app', 'configmap', 'object-2', '--type=merge', '-p', '{"data":{"value":"another"}}'],
  ];
  for (const words of commands) expectExit(await project.kubectl(...words));
  expect(await objects()).not.toBe(then);
}

async function expectAsThen(nodes: readonly string[]): Promise<void> {
  expect(await objects()).toBe(then);
  const { stdout } = expectExit(await project.kubectl('get', 'namespaces', '-o', 'name'));
  expect(stdout).not.toContain('later');
  await expect.poll(readyNodes, { timeout: 15_000 }).toEqual(nodes);
  expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
}

const restore = (...words: readonly string[]) => project.rke2ctl('etcd', 'snapshot-restore', ...words);

async function sh(host: string, line: string): Promise<string> {
  return expectExit(await lab.exec(host, ['sh', '-c', line], { timeoutMs: 60_000 })).stdout.trim();
}

async function readyNodes(): Promise<readonly string[]> {
  const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
  return stdout.split('\n').flatMap((line) => {
    const [name = '', state = ''] = line.split(/\s+/);
    return name === '' ? [] : [state === 'Ready' ? name : `${name} ${state}`];
  });
}

/** Nothing of the cluster stays on any host, and each is another machine. */
async function loseAll(): Promise<void> {
  const lines = [
    'rke2-killall.sh >/dev/null 2>&1; rke2-uninstall.sh >/dev/null 2>&1; rm -rf /etc/rancher /var/lib/rancher',
    'rm -f /etc/machine-id; systemd-machine-id-setup >/dev/null 2>&1; cat /etc/machine-id',
  ];
  await Promise.all(lab.hosts.map(({ name }) => sh(name, lines.join('; '))));
  await rm(project.path('kube_config_cluster.yml'));
}

describe('what cannot be restored', () => {
  const since = () => sh('node1', 'systemctl show -p ActiveEnterTimestampMonotonic --value rke2-server');

  it('is refused before anything is stopped', async () => {
    const before = await since();
    await writeFile(project.path('cut'), (await readFile(file)).subarray(0, 300_000));
    await writeFile(project.path('foreign'), firstSnapshot());
    await writeFile(project.path('token'), 'of-another-cluster\n');
    const cases = [
      { words: ['no-such', '--yes'], code: 'snapshot-not-found' },
      { words: ['./cut', '--yes'], code: 'snapshot-damaged' },
      { words: ['./foreign', '--yes'], code: 'foreign-snapshot' },
      { words: [file, '--token-file', 'token', '--yes'], code: 'wrong-token' },
      { words: [file], code: 'no-terminal' },
    ];
    for (const { words, code } of cases) {
      const { exitCode, stderr } = await restore(...words);
      expect(exitCode, code).not.toBe(0);
      expect(stderr).toContain(`[${code}]`);
    }
    const reset = await project.rke2ctl('etcd', 'reset', '--yes');
    expect(reset.stderr).toContain('[quorum-lives]');
    expect(await since()).toBe(before);
    expect(await objects()).toBe(then);
    await writeCluster([SERVER, SERVER, SERVER, WORKER], { kubernetes_version: NEW });
    const other = await restore(file, '--with-config', '--plan');
    expect(other.stderr).toContain('kubernetes_version: then');
    await writeCluster([SERVER, SERVER, SERVER, WORKER]);
    expectExit(await restore(file, '--with-config', '--plan'), 2);
    await expect(stat(project.path('cluster.rkestate.restore'))).rejects.toThrow();
  });

  it('leaves nothing in hand where its node cannot take it', async () => {
    const full = '/var/lib/rancher/rke2/server/rke2ctl-restore';
    await sh('node1', `mkdir -p ${full}; mount -t tmpfs -o size=64k tmpfs ${full}`);
    const failed = await restore(file, '--yes');
    await sh('node1', `umount ${full}`);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.stderr).toContain('is not in hand');
    expect(JSON.parse(await project.read('cluster.rkestate'))).not.toHaveProperty('operation');
    expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
  });
});

describe('restoring', () => {
  it('goes on wherever it is killed', async () => {
    await changeObjects();
    const cuts = chooseStepCuts({
      seed: SEED,
      change: 'restore',
      ends: IS_WHOLE,
      within: IS_WHOLE ? 1 : 0.15,
    });
    let killed = 0;
    for (;;) {
      const run = await runUntilCut(project, ['etcd', 'snapshot-restore', snapshot, '--yes'], cuts);
      if (run.killed) killed += 1;
      // Cut off after its end there is nothing left to go on with: run again it would begin anew.
      const isOpen = 'operation' in JSON.parse(await project.read('cluster.rkestate'));
      if (run.cut === null || !isOpen) break;
    }
    console.log(`restore: killed ${killed} times`);
    expect(killed).toBeGreaterThan(0);
    await expectAsThen(['node1', 'node2', 'node3', 'node4']);
  });

  it('leaves out a server that is away, and lets it in anew when it is back', async () => {
    await lab.fault('node3', 'link-down');
    expectExit(await restore(snapshot, '--yes'), 4);
    await expect.poll(readyNodes, { timeout: 15_000 }).toEqual(['node1', 'node2', 'node4']);
    await lab.heal('node3');
    expectExit(await project.rke2ctl('up'));
    expect(await sh('node3', `ls -d ${DB}/etcd-old-*`)).toContain('etcd-old-');
    expectExit(await project.rke2ctl('etcd', 'health'));
    await expectAsThen(['node1', 'node2', 'node3', 'node4']);
    await expect(stat(project.path('cluster.rkestate.restore'))).rejects.toThrow();
  });
});

describe('all servers lost', () => {
  it('come back on new machines from a file and the token alone', async () => {
    const state = await project.read('cluster.rkestate');
    const token = /"serverToken": ?"([^"]+)"/.exec(state)?.[1] ?? '';
    expect(token).not.toBe('');
    await writeFile(project.path('token'), `${token}\n`, { mode: 0o600 });
    await loseAll();
    await rm(project.path('cluster.rkestate'));
    // One of them bears the name that a server had.
    await writeCluster([SERVER, WORKER]);
    expectExit(await restore(file, '--token-file', 'token', '--yes'));
    await expectAsThen(['node1', 'node2']);
  });

  it('come back from S3 under a newer RKE2; a Node that the file does not name any more goes', async () => {
    await loseAll();
    const artifacts = join(lab.directory, 'next-release');
    await provideRelease(artifacts, NEW);
    await writeCluster([SERVER, SERVER, SERVER], { kubernetes_version: NEW, install: { artifacts } });
    const { stderr } = expectExit(await restore(snapshot, '--yes'));
    expect(stderr).toContain(`${snapshot} (S3, `);
    await expectAsThen(['node1', 'node2', 'node3']);
  });
});

describe('the RKE2 of then', () => {
  it('comes back with the snapshot', async () => {
    await writeCluster([SERVER, SERVER, SERVER]);
    await changeObjects();
    const { stderr } = expectExit(await restore(snapshot, '--with-version', '--yes'));
    expect(stderr).toContain(`All nodes go back to RKE2 ${OLD}.`);
    await expectAsThen(['node1', 'node2', 'node3']);
    expect(expectExit(await project.kubectl('get', 'nodes')).stdout).not.toContain(NEW);
  });
});

describe('etcd reset', () => {
  it('makes the cluster of a survivor whose peers are gone', async () => {
    await changeObjects();
    const now = await objects();
    for (const host of ['node2', 'node3'])
      await sh(host, `systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1; rm -rf ${DB}/etcd/member`);
    expect((await project.rke2ctl('etcd', 'health')).exitCode).toBe(4);
    const unnamed = await project.rke2ctl('etcd', 'reset', '--yes');
    expect(unnamed.stderr).toContain('[node-not-named]');
    expectExit(await project.rke2ctl('etcd', 'reset', '--node', 'node1', '--yes'));
    expect(await objects()).toBe(now);
    await expect.poll(readyNodes, { timeout: 15_000 }).toEqual(['node1', 'node2', 'node3']);
    expectExit(await project.rke2ctl('etcd', 'health'));
  });
});
