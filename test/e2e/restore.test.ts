import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { firstSnapshot } from '../support/sample-snapshots.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';
import { chooseStepCuts, runUntilCut } from './step-cuts.ts';

/*
 * Going back to a snapshot: refused while nothing is stopped, killed at its steps, with a server away that comes back, with
 * the majority lost, and with all servers lost. `npm run test:long` cuts at every step, `npm test` at some.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const SEED = process.env['RKE2CTL_CUT_SEED'] ?? '1';
const DB = '/var/lib/rancher/rke2/server/db';

let lab: Lab;
let project: Project;
let snapshot: string;
let file: string;

beforeAll(async () => {
  lab = await createLab({ name: 'restore', hosts: 4, sudo: 'root' });
  project = await makeProject(lab, 'restore');
  await project.write(clusterFile(lab, [SERVER, SERVER, SERVER, WORKER]));
  expectExit(await project.rke2ctl('up'));
  expectExit(await project.kubectl('create', 'configmap', 'before'));
  expectExit(await project.rke2ctl('etcd', 'snapshot-save', '--name', 'gold', '--yes'));
  const { stdout } = expectExit(await project.rke2ctl('etcd', 'snapshot-list', '--output', 'json'));
  snapshot = /gold-node\d-\d+/.exec(stdout)?.[0] ?? '';
  expectExit(await project.rke2ctl('etcd', 'snapshot-download', snapshot));
  file = project.path(snapshot);
  expectExit(await project.kubectl('create', 'configmap', 'after'));
});

afterAll(() => lab?.destroy());

const restore = (...words: readonly string[]) => project.rke2ctl('etcd', 'snapshot-restore', ...words);

async function sh(host: string, line: string): Promise<string> {
  return expectExit(await lab.exec(host, ['sh', '-c', line], { timeoutMs: 60_000 })).stdout.trim();
}

async function configMaps(): Promise<readonly string[]> {
  const { stdout } = expectExit(await project.kubectl('get', 'configmaps', '-o', 'name'));
  return stdout.split('\n').filter((name) => /before|after/.test(name));
}

async function readyNodes(): Promise<readonly string[]> {
  const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
  return stdout.split('\n').flatMap((line) => {
    const [name = '', state] = line.split(/\s+/);
    return state === 'Ready' ? [name] : [];
  });
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
    expect(await configMaps()).toEqual(['configmap/after', 'configmap/before']);
    expectExit(await restore(file, '--plan'), 2);
  });
});

describe('restoring', () => {
  it('goes on wherever it is killed', async () => {
    const cuts = chooseStepCuts({
      seed: SEED,
      change: 'restore',
      ends: IS_WHOLE,
      within: IS_WHOLE ? 1 : 0.2,
    });
    let killed = 0;
    for (;;) {
      const run = await runUntilCut(project, ['etcd', 'snapshot-restore', snapshot, '--yes'], cuts);
      if (run.killed) killed += 1;
      // Cut off after its end there is nothing left to go on with: run again it would begin anew.
      const isOpen = 'operation' in JSON.parse(await project.read('cluster.rkestate'));
      if (run.cut === null || !isOpen) break;
    }
    expect(killed).toBeGreaterThan(0);
    expect(await configMaps()).toEqual(['configmap/before']);
    expect(await readyNodes()).toEqual(['node1', 'node2', 'node3', 'node4']);
    expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
  });

  it('leaves out a server that is away, and lets it in anew when it is back', async () => {
    await lab.fault('node3', 'link-down');
    expectExit(await restore(snapshot, '--yes'), 4);
    expect(await readyNodes()).toEqual(['node1', 'node2', 'node4']);
    await lab.heal('node3');
    expectExit(await project.rke2ctl('up'));
    expect(await readyNodes()).toEqual(['node1', 'node2', 'node3', 'node4']);
    expect(await sh('node3', `ls -d ${DB}/etcd-old-*`)).toContain('etcd-old-');
    expectExit(await project.rke2ctl('etcd', 'health'));
    expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
    await expect(stat(project.path('cluster.rkestate.restore'))).rejects.toThrow();
  });
});

describe('all servers lost', () => {
  it('come back on new machines from a file and the token alone', async () => {
    const state = await project.read('cluster.rkestate');
    const token = /"serverToken": ?"([^"]+)"/.exec(state)?.[1] ?? '';
    expect(token).not.toBe('');
    await writeFile(project.path('token'), `${token}\n`, { mode: 0o600 });
    for (const { name } of lab.hosts) {
      await sh(
        name,
        'rke2-killall.sh >/dev/null 2>&1; rke2-uninstall.sh >/dev/null 2>&1; rm -rf /etc/rancher /var/lib/rancher',
      );
    }
    await rm(project.path('cluster.rkestate'));
    await rm(project.path('kube_config_cluster.yml'));
    expectExit(await restore(file, '--token-file', 'token', '--yes'));
    expect(await configMaps()).toEqual(['configmap/before']);
    expect(await readyNodes()).toEqual(['node1', 'node2', 'node3', 'node4']);
    expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
  });
});

describe('etcd reset', () => {
  it('makes the cluster of a survivor whose peers are gone', async () => {
    expectExit(await project.kubectl('create', 'configmap', 'after'));
    for (const host of ['node2', 'node3'])
      await sh(host, `systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1; rm -rf ${DB}/etcd/member`);
    expect((await project.rke2ctl('etcd', 'health')).exitCode).toBe(4);
    const unnamed = await project.rke2ctl('etcd', 'reset', '--yes');
    expect(unnamed.stderr).toContain('[node-not-named]');
    expectExit(await project.rke2ctl('etcd', 'reset', '--node', 'node1', '--yes'));
    expect(await configMaps()).toEqual(['configmap/after', 'configmap/before']);
    expect(await readyNodes()).toEqual(['node1', 'node2', 'node3', 'node4']);
    expectExit(await project.rke2ctl('etcd', 'health'));
  });
});
