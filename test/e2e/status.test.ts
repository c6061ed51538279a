import { readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { ClusterStatus } from '../../src/domain/cluster-status.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project } from './project.ts';

let lab: Lab;
let project: Project;

beforeAll(async () => {
  lab = await createLab({ name: 'status', hosts: 3 });
  project = await makeProject(lab, 'status');
  await project.write(clusterFile(lab, [ALL, ALL, ALL], { ssh: { keepalive: '1s' } }));
  expectExit(await project.rke2ctl('up'));
});

afterAll(() => lab?.destroy());

/** The status as JSON, with the time it took. */
async function look(exitCode: number): Promise<ClusterStatus & { readonly text: string }> {
  const started = Date.now();
  const { stdout } = expectExit(await project.rke2ctl('status', '--output', 'json'), exitCode);
  expect(Date.now() - started).toBeLessThan(10_000);
  return { ...(JSON.parse(stdout) as ClusterStatus), text: stdout };
}

const states = ({ nodes }: ClusterStatus) =>
  Object.fromEntries(nodes.map(({ name, state }) => [name, state]));
const members = ({ etcd }: ClusterStatus) =>
  Object.fromEntries((etcd?.members ?? []).map(({ name, health }) => [name, health]));
const errors = ({ problems }: ClusterStatus) =>
  problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
const sh = (host: string, line: string) => lab.exec(host, ['sh', '-c', line]);

describe('three servers', () => {
  it('all well: every node, one leader, certificates and no drift', async () => {
    const found = await look(0);
    expect(states(found)).toEqual({ node1: 'ready', node2: 'ready', node3: 'ready' });
    expect(members(found)).toEqual({ node1: 'healthy', node2: 'healthy', node3: 'healthy' });
    expect(found.etcd?.quorum).toBe(true);
    expect(found.etcd?.members.filter(({ leader }) => leader)).toHaveLength(1);
    for (const member of found.etcd?.members ?? []) expect(member.dbSizeBytes).toBeGreaterThan(4096);
    for (const node of found.nodes) expect(node.certificateDays).toBeGreaterThanOrEqual(363);
    expect(found.drift).toEqual({ known: true, nodes: [] });
    expect([found.healthy, found.problems]).toEqual([true, []]);
    const text = expectExit(await project.rke2ctl('status')).stdout;
    expect(text).toMatch(/^lab v\S+: all well$/m);
    expect(text).toMatch(
      /^node2 +cp\+etcd\+worker +Ready +v\S+ +36\dd +no$|^node2 +etcd\+cp\+worker +Ready +v\S+ +36\dd +no$/m,
    );
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('names the last snapshot, and a node that was changed by hand', async () => {
    const config = '/etc/rancher/rke2/config.yaml';
    await sh('node1', '/usr/local/bin/rke2 etcd-snapshot save --name before-status');
    await sh('node3', `cp -p ${config} /root/kept.yaml; echo '# by hand' >>${config}`);
    const found = await look(0);
    expect(found.lastSnapshot).toMatchObject({ location: 'local', node: 'node1' });
    expect(found.lastSnapshot?.name).toMatch(/^before-status-node1-\d+$/);
    expect(found.drift).toEqual({ known: true, nodes: ['node3'] });
    expect(found.nodes.map(({ differs }) => differs)).toEqual([false, false, true]);
    await sh('node3', `cp -p /root/kept.yaml ${config}; rm /root/kept.yaml`);
  });

  it('looks and changes nothing on a host', async () => {
    const traces =
      "find /etc /var/lib/rancher /root /tmp /run/k3s -xdev -newer /run/before -not -path '*/db/*' 2>/dev/null; true";
    await sh('node2', 'touch /run/before; sleep 1');
    await look(0);
    expectExit(await project.rke2ctl('kubeconfig', '--print'));
    expect((await sh('node2', traces)).stdout.trim()).toBe('');
  });
});

describe('the kubeconfig', () => {
  it('is printed under another name and server, and works', async () => {
    const server = `https://${lab.hosts[1]?.address}:6443`;
    const { stdout } = expectExit(
      await project.rke2ctl('kubeconfig', '--print', '--server', server, '--name', 'second'),
    );
    await writeFile(project.path('second.yaml'), stdout, { mode: 0o600 });
    const nodes = await lab.run([
      lab.kubectl,
      '--kubeconfig',
      project.path('second.yaml'),
      'get',
      'nodes',
      '-o',
      'name',
    ]);
    expect(expectExit(nodes).stdout.trim().split('\n')).toEqual(['node/node1', 'node/node2', 'node/node3']);
    expect(parse(stdout)).toMatchObject({ 'current-context': 'second', clusters: [{ cluster: { server } }] });
  });

  it('is merged into ~/.kube/config beside others, once, with a copy kept', async () => {
    const path = project.path('home/.kube/config');
    expectExit(await project.rke2ctl('kubeconfig', '--merge'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const other = `# mine\n${(await readFile(path, 'utf8')).replaceAll('lab', 'other')}`;
    await writeFile(path, other);
    const { stdout } = expectExit(await project.rke2ctl('kubeconfig', '--merge'));
    expect(stdout).toContain(`${path}.rke2ctl-backup`);
    expect(await readFile(`${path}.rke2ctl-backup`, 'utf8')).toBe(other);
    const merged = await readFile(path, 'utf8');
    expect(merged).toMatch(/^# mine\n/);
    expect(parse(merged)).toMatchObject({
      'current-context': 'other',
      contexts: [{ name: 'other' }, { name: 'lab' }],
    });
    const asked = await lab.run([
      lab.kubectl,
      '--kubeconfig',
      path,
      '--context',
      'lab',
      'get',
      'nodes',
      '-o',
      'name',
    ]);
    expect(expectExit(asked).stdout).toContain('node/node1');
    expect(expectExit(await project.rke2ctl('kubeconfig', '--merge')).stdout).toContain('has it already');
  });

  it('never takes the place of another cluster’s entry unless forced', async () => {
    const path = project.path('taken.yaml');
    const foreign = "clusters: [{name: lab, cluster: {server: 'https://192.0.2.1:6443'}}]\n";
    await writeFile(path, foreign);
    const { stderr } = expectExit(await project.rke2ctl('kubeconfig', '--merge', path), 1);
    expect(stderr).toContain('belongs to another cluster');
    expect(await readFile(path, 'utf8')).toBe(foreign);
    expectExit(await project.rke2ctl('kubeconfig', '--merge', path, '--force'));
    expect(await readFile(`${path}.rke2ctl-backup`, 'utf8')).toBe(foreign);
  });

  it('is written where cluster.yml says', async () => {
    const before = await project.read('kube_config_cluster.yml');
    await writeFile(project.path('kube_config_cluster.yml'), '');
    expectExit(await project.rke2ctl('kubeconfig'));
    expect(await project.read('kube_config_cluster.yml')).toBe(before);
  });
});

describe('servers fall', () => {
  it('one stopped: --watch tells it, and only what changes', async () => {
    const child = project.spawn('status', '--watch');
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const count = (words: RegExp) => said.match(words)?.length ?? 0;
    await vi.waitFor(() => expect(count(/all well/g)).toBe(1), { timeout: 15_000, interval: 200 });
    await sleep(8_000);
    expect(count(/^NODE /gm)).toBe(1);
    await sh('node3', 'systemctl stop rke2-server');
    await vi.waitFor(() => expect(said).toMatch(/^node3 .* stopped /m), { timeout: 20_000, interval: 200 });
    child.kill('SIGINT');
    await child;
  });

  it('one stopped: named, with what to do', async () => {
    const found = await look(4);
    expect(states(found)).toMatchObject({ node1: 'ready', node2: 'ready', node3: 'stopped' });
    expect(errors(found).join()).toContain('node3: rke2-server is inactive; `rke2ctl up` starts it');
    await sh('node3', 'systemctl start rke2-server');
  });

  it('one off: unreachable, its member gives no answer, quorum holds', async () => {
    await lab.powerOff('node3');
    const found = await look(4);
    expect(states(found)).toEqual({ node1: 'ready', node2: 'ready', node3: 'unreachable' });
    expect(members(found)).toEqual({ node1: 'healthy', node2: 'healthy', node3: 'silent' });
    expect(found.etcd?.quorum).toBe(true);
    expect(found.drift).toEqual({ known: true, nodes: [] });
    expect(errors(found).join()).toContain('one more failure loses quorum');
  });

  it('two off: quorum is lost, and the survivor is not called ready', async () => {
    await lab.powerOff('node1');
    const found = await look(4);
    expect(states(found)).toEqual({ node1: 'unreachable', node2: 'unknown', node3: 'unreachable' });
    expect(members(found)).toEqual({ node1: 'silent', node2: 'no-quorum', node3: 'silent' });
    expect(found.etcd?.quorum).toBe(false);
    expect(found.etcd?.members.some(({ leader }) => leader)).toBe(false);
    expect(errors(found).join()).toContain('quorum is lost: 2 of 3 members must be up');
  });

  it('all off: nothing is claimed, and the kubeconfig says why not', async () => {
    await lab.powerOff('node2');
    const found = await look(4);
    expect(Object.values(states(found))).toEqual(['unreachable', 'unreachable', 'unreachable']);
    expect(found.etcd?.quorum).toBeNull();
    expect(found.drift).toEqual({ known: false, reason: 'no host was reached' });
    const { stderr } = expectExit(await project.rke2ctl('kubeconfig', '--print'), 4);
    expect(stderr).toContain('No control plane can give the kubeconfig');
  });
});
