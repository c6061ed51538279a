import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOperator } from '../../src/cli/operator.ts';
import type { KubeconfigSettings } from '../../src/domain/cluster.ts';
import type { PlannedNode } from '../../src/domain/plan.ts';
import { renderKubeconfig } from '../../src/render/kubeconfig.ts';
import { openStore } from '../../src/state/store.ts';
import { makeCluster } from '../support/make-cluster.ts';

const RKE2_YAML = `apiVersion: v1
clusters: [{cluster: {certificate-authority-data: Q0E=, server: 'https://127.0.0.1:6443'}, name: default}]
users: [{name: default, user: {client-key-data: S0VZ}}]
contexts: [{context: {cluster: default, user: default}, name: default}]
current-context: default
`;
const NODE = { name: 'n1' } as PlannedNode;

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rke2ctl-operator-'));
  path = join(folder, 'kube_config_cluster.yml');
});

afterEach(() => rm(folder, { recursive: true }));

function operator(name = 'local', settings: Partial<KubeconfigSettings> = {}) {
  const cluster = makeCluster({ name, kubeconfig: { path, mode: 0o600, group: null, ...settings } });
  const caller = { user: 'ops', home: folder, owner: null };
  return createOperator(cluster, openStore(join(folder, 'cluster.rkestate'), null), caller);
}

function kubeconfig(name: string): string {
  return renderKubeconfig(RKE2_YAML, name, 'https://10.0.0.1:6443');
}

describe('the kubeconfig', () => {
  it.each(['local', '2024', 'on', 'null', '1e3'])('of a cluster called %s is known again', async (name) => {
    expect(await operator(name).hasKubeconfig()).toBe(false);
    await operator(name).writeKubeconfig(kubeconfig(name));
    expect(await operator(name).hasKubeconfig()).toBe(true);
    expect(await operator('other').hasKubeconfig()).toBe(false);
  });

  it('is for its owner only, or as the file says', async () => {
    await operator().writeKubeconfig(kubeconfig('local'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await operator('local', { mode: 0o640 }).writeKubeconfig(kubeconfig('local'));
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it.each([
    ['the kubeconfig of other clusters', kubeconfig('work')],
    [
      'a kubeconfig that people have added contexts to',
      kubeconfig('local').replace(
        'contexts:\n',
        'contexts:\n  - {name: work, context: {cluster: w, user: w}}\n',
      ),
    ],
    ['a file that is something else', 'nodes: []\n'],
    ['a file that cannot be read as YAML', '{{{\n'],
  ])('never replaces, and never removes, %s', async (_what, text) => {
    await writeFile(path, text);
    await expect(operator().writeKubeconfig(kubeconfig('local'))).rejects.toMatchObject({
      code: 'kubeconfig-foreign',
      message: expect.stringContaining(path),
    });
    await operator().forgetCluster();
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('goes with the cluster', async () => {
    await operator().writeKubeconfig(kubeconfig('local'));
    await operator().forgetCluster();
    expect(await readdir(folder)).toEqual([]);
    await operator().forgetCluster();
  });

  it('takes away what a killed run has left of the admin’s keys', async () => {
    const { pid } = spawnSync('true');
    await writeFile(`${path}.${pid}-1.tmp`, 'apiVersion: v1\nusers: [');
    await operator().writeKubeconfig(kubeconfig('local'));
    expect(await readdir(folder)).toEqual(['kube_config_cluster.yml']);
  });

  it('leaves no draft of the admin’s keys when its group does not exist', async () => {
    const wrong = operator('local', { group: 'no-such-group-here' });
    await expect(wrong.writeKubeconfig(kubeconfig('local'))).rejects.toMatchObject({ code: 'no-such-group' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('snapshots', () => {
  it('lie in a folder of their node that is closed to others', async () => {
    expect(await operator().snapshotPath(NODE, join(folder, 'keep'), 'snap-1')).toBe(
      join(folder, 'keep/n1/snap-1'),
    );
    expect((await stat(join(folder, 'keep/n1'))).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['../../.ssh', 'authorized_keys'],
    ['n1', '../../.bashrc'],
    ['..', 'snap-1'],
    ['n1', ''],
  ])('a host that calls itself %s with a snapshot %s leads nowhere else', async (node, name) => {
    await expect(
      operator().snapshotPath({ ...NODE, name: node }, join(folder, 'keep'), name),
    ).rejects.toMatchObject({ code: 'snapshot-name' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('texts for the hosts', () => {
  it('come from files, and a missing one is named', async () => {
    const script = join(folder, 'install.sh');
    await writeFile(script, 'echo hi\n');
    expect(await operator().readText(script)).toBe('echo hi\n');
    await expect(operator().readText(join(folder, 'gone.sh'))).rejects.toMatchObject({
      code: 'install-script-unreadable',
      message: expect.stringContaining('gone.sh'),
    });
  });
});
