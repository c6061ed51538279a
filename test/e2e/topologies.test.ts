import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';
import { countVoters } from './voters.ts';

/** `name status roles` of every Node, as the real kubectl prints them. */
async function nodes(project: Project): Promise<readonly string[]> {
  const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).slice(0, 3).join(' '));
}

describe('split roles behind a load balancer', () => {
  let lab: Lab;
  let project: Project;

  beforeAll(async () => {
    lab = await createLab({ name: 'split', hosts: 6, lb: true });
    project = await makeProject(lab, 'split');
    const roles = [['etcd'], ['etcd'], ['etcd'], ['controlplane'], ['controlplane'], ['worker']];
    await project.write(clusterFile(lab, roles, { endpoint: lab.lb?.address }));
  });
  afterAll(() => lab?.destroy());

  it('comes up: three etcd nodes, two control planes, one worker', async () => {
    expectExit(await project.rke2ctl('up'));
    expect(await nodes(project)).toEqual([
      'node1 Ready etcd',
      'node2 Ready etcd',
      'node3 Ready etcd',
      'node4 Ready control-plane',
      'node5 Ready control-plane',
      'node6 Ready <none>',
    ]);
    expect(await countVoters(lab, 'node2')).toBe(3);
  });

  it('is reached through the endpoint, which also stays in every config.yaml but the first', async () => {
    expect(await project.read('kube_config_cluster.yml')).toContain(
      `server: https://${lab.lb?.address}:6443`,
    );
    for (const host of ['node2', 'node4', 'node6']) {
      const { stdout } = await lab.exec(host, ['cat', '/etc/rancher/rke2/config.yaml']);
      expect(stdout).toContain(`server: "https://${lab.lb?.address}:9345"`);
      const dropIns = await lab.exec(host, ['sh', '-c', 'ls /etc/rancher/rke2/config.yaml.d 2>/dev/null']);
      expect(dropIns.stdout.trim()).toBe('');
    }
    expect((await lab.exec('node1', ['cat', '/etc/rancher/rke2/config.yaml'])).stdout).not.toMatch(
      /^server:/m,
    );
  });

  it('has nothing more to do, and goes away', async () => {
    expectExit(await project.rke2ctl('plan'), 0);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });
});

describe('one machine', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab({ name: 'single', hosts: 3, sudo: 'nopasswd' });
  });
  afterAll(() => lab?.destroy());

  it('runs all roles', async () => {
    const project = await makeProject(lab, 'single');
    await project.write(clusterFile(lab, [ALL]));
    expectExit(await project.rke2ctl('up'));
    expect(await nodes(project)).toEqual(['node1 Ready control-plane,etcd']);
  });

  it('gives its etcd snapshots back before it goes', async () => {
    const project = await makeProject(lab, 'single');
    expectExit(await lab.exec('node1', ['/usr/local/bin/rke2', 'etcd-snapshot', 'save', '--name', 'before']));
    expectExit(await project.rke2ctl('remove', '--yes', '--keep-snapshots', project.path('snapshots')));
    const [name = ''] = await readdir(project.path('snapshots/node1'));
    expect(name).toMatch(/^before-node1-\d+$/);
    // A whole snapshot ends with the SHA-256 of all that stands before it.
    const bytes = await readFile(project.path(`snapshots/node1/${name}`));
    expect(bytes.length % 512).toBe(32);
    expect(createHash('sha256').update(bytes.subarray(0, -32)).digest()).toEqual(bytes.subarray(-32));
  });

  it('keeps its data where prefix_path says, and is taken away from there', async () => {
    const project = await makeProject(lab, 'prefix');
    await project.write(clusterFile(lab, [ALL], { prefix_path: '/opt/data' }));
    expectExit(await project.rke2ctl('up'));
    const places = '/opt/data/var/lib/rancher/rke2/server/db/etcd /var/lib/rancher/rke2';
    const listed = () => lab.exec('node1', ['sh', '-c', `ls -d ${places} 2>/dev/null || true`]);
    expect((await listed()).stdout.trim()).toBe('/opt/data/var/lib/rancher/rke2/server/db/etcd');
    expectExit(await project.rke2ctl('plan'), 0);
    expectExit(await project.rke2ctl('remove', '--yes'));
    expect((await lab.exec('node1', ['sh', '-c', 'find /opt/data'])).stdout.trim()).toBe('/opt/data');
  });

  it('comes up at an IPv6 address, with a worker at another, and mixed users and ports', async () => {
    const [first, second] = lab.hosts;
    if (first === undefined || second === undefined) throw new Error('two hosts');
    await lab.exec('node2', [
      'sh',
      '-c',
      'echo "Port 22\nPort 2222" > /etc/ssh/sshd_config.d/port.conf; mkdir -p /root/.ssh; cp /home/ops/.ssh/authorized_keys /root/.ssh/authorized_keys; systemctl restart ssh; firewall-cmd -q --add-port=2222/tcp; firewall-cmd -q --permanent --add-port=2222/tcp',
    ]);
    const project = await makeProject(lab, 'six');
    await project.write({
      ...clusterFile(lab, []),
      nodes: [
        nodeEntry({ ...first, address: first.address6 }, ALL),
        nodeEntry({ ...second, address: second.address6, user: 'root' }, WORKER, { port: 2222 }),
      ],
      services: {
        'kube-api': { service_cluster_ip_range: 'fd00:43::/112' },
        'kube-controller': { cluster_cidr: 'fd00:42::/56' },
      },
    });
    expectExit(await project.rke2ctl('up'));
    expect(await nodes(project)).toEqual(['node1 Ready control-plane,etcd', 'node2 Ready <none>']);
    expect(await project.read('kube_config_cluster.yml')).toContain(
      `server: https://[${first.address6}]:6443`,
    );
    expectExit(await project.rke2ctl('plan'), 0);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('is made by `up --local`, without any file, and the kubeconfig belongs to who called sudo', async () => {
    const node3 = lab.hosts[2];
    if (node3 === undefined) throw new Error('three hosts');
    const package_ = join(node3.root, 'opt', 'rke2ctl');
    const artifacts = join(node3.root, 'opt', 'artifacts');
    await mkdir(artifacts, { recursive: true });
    await lab.run(['cp', '-r', `${lab.artifacts}/.`, artifacts]);
    await mkdir(package_, { recursive: true });
    for (const part of ['bin', 'dist', 'node_modules', 'package.json']) {
      expectExit(await lab.run(['cp', '-r', join(process.cwd(), part), package_]));
    }
    await copyFile(process.execPath, join(node3.root, 'usr', 'bin', 'node'));
    const rke2ctl = (...args: string[]) =>
      lab.exec('node3', [
        'runuser',
        '-u',
        'ops',
        '--',
        'sudo',
        '/usr/bin/node',
        '/opt/rke2ctl/bin/rke2ctl',
        ...args,
      ]);
    expectExit(await rke2ctl('up', '--local', '--artifacts', '/opt/artifacts'));
    const owner = await lab.exec('node3', [
      'stat',
      '-c',
      '%U %a',
      '/home/ops/.rke2ctl/kube_config_local.yml',
    ]);
    expect(owner.stdout.trim()).toBe('ops 600');
    const listed = await lab.exec('node3', [
      '/usr/lib/rke2-standin/bin/kubectl',
      '--kubeconfig',
      '/home/ops/.rke2ctl/kube_config_local.yml',
      'get',
      'nodes',
      '--no-headers',
    ]);
    expect(listed.stdout).toMatch(/^node3 +Ready/);
    expectExit(await rke2ctl('up', '--local', '--artifacts', '/opt/artifacts'));
    expectExit(await rke2ctl('remove', '--local', '--yes'));
    expect(
      (await lab.exec('node3', ['sh', '-c', 'ls /usr/local/bin/rke2 /var/lib/rancher 2>&1'])).stdout,
    ).not.toMatch(/^\/usr\/local\/bin\/rke2$/m);
  });
});
