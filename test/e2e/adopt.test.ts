import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createLab, type Lab, type LabHost } from '../lab/lab.ts';
import { type LabRke2, openFirewall, useRke2 } from '../standin/lab-rke2.ts';
import { expectExit } from './expect-exit.ts';
import { makeProject, type Project } from './project.ts';

const MARKER = '/etc/rancher/rke2/rke2ctl.json';
const MANIFESTS = '/var/lib/rancher/rke2/server/manifests';

let lab: Lab;
let rke2: LabRke2;

const hostNamed = (name: string): LabHost => {
  const host = lab.hosts.find((each) => each.name === name);
  if (host === undefined) throw new Error(`the lab has no host ${name}`);
  return host;
};
const urlOf = (name: string) => `https://${hostNamed(name).address}:9345`;
const put = (name: string, path: string, text: string) =>
  rke2.sh(name, `mkdir -p "$(dirname ${path})" && cat >${path} <<'END'\n${text}\nEND`);
const started = (names: readonly string[]) =>
  Promise.all(
    names.map((name) =>
      rke2.sh(name, 'systemctl show -P ExecMainStartTimestampMonotonic rke2-server rke2-agent'),
    ),
  );
/** Hashes of everything below /etc and among the manifests but our own marker. */
const listing = (names: readonly string[]) =>
  Promise.all(
    names.map((name) =>
      rke2.sh(
        name,
        `find /etc ${MANIFESTS} -xdev -type f ! -path ${MARKER} ! -path '/etc/machine-id' -exec sha256sum {} + 2>/dev/null | sort -k 2`,
      ),
    ),
  );
const hostList = (names: readonly string[]) =>
  names.map((name) => `${hostNamed(name).user}@${hostNamed(name).address}`).join(',');
const keyPath = () => hostNamed('node1').keyPath;

/** Two servers and a worker as a person sets them up after RKE2's own quick start. */
async function makeByHand(): Promise<void> {
  await put(
    'node1',
    '/etc/rancher/rke2/config.yaml',
    [
      'token: by-hand-8f3a',
      'write-kubeconfig-mode: 0644',
      'tls-san: k8s.lab.test,198.18.77.7',
      'etcd-snapshot-retention: 8',
      'kubelet-arg: [max-pods=120]',
    ].join('\n'),
  );
  await put(
    'node1',
    '/etc/rancher/rke2/config.yaml.d/50-more.yaml',
    'node-label+: ["zone=a"]\ntls-san+: extra.lab.test',
  );
  await put(
    'node1',
    `${MANIFESTS}/team.yaml`,
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: team\n  namespace: default\ndata:\n  of: hand',
  );
  await put(
    'node2',
    '/etc/rancher/rke2/config.yaml',
    [
      'token: by-hand-8f3a',
      `server: ${urlOf('node1')}`,
      'write-kubeconfig-mode: "0644"',
      'etcd-snapshot-retention: 8',
      'kubelet-arg: [max-pods=120]',
      'tls-san: [k8s.lab.test]',
    ].join('\n'),
  );
  await put(
    'node3',
    '/etc/rancher/rke2/config.yaml',
    [
      'token: by-hand-8f3a',
      `server: ${urlOf('node1')}`,
      'node-label:\n  - disk=ssd\n  - rack=r1',
      'node-taint: ["only=batch:NoSchedule"]',
    ].join('\n'),
  );
  for (const name of ['node1', 'node2', 'node3']) {
    await put(
      name,
      '/etc/rancher/rke2/registries.yaml',
      [
        'mirrors:\n  docker.io:\n    endpoint:\n      - "https://registry.lab.test:5000"',
        'configs:\n  "registry.lab.test:5000":\n    auth:\n      username: puller\n      password: "pull-me-9c1d"',
      ].join('\n'),
    );
  }
  for (const [name, role] of [
    ['node1', 'server'],
    ['node2', 'server'],
    ['node3', 'agent'],
  ] as const) {
    expect(await rke2.start(name, role)).toBe(0);
    await rke2.sh(name, `systemctl enable -q rke2-${role}`);
  }
}

/** A server and an agent as rke2-ansible leaves them: one block in config.yaml, the full token everywhere. */
async function makeAsAnsible(): Promise<void> {
  const block = (lines: readonly string[]) =>
    ['# BEGIN ANSIBLE MANAGED BLOCK', ...lines, '# END ANSIBLE MANAGED BLOCK'].join('\n');
  const common = ['cni:\n- canal', 'selinux: false', 'tls-san:\n- api.lab.test'];
  await put('node4', '/etc/rancher/rke2/config.yaml', block(common));
  await put(
    'node4',
    `${MANIFESTS}/namespace.yaml`,
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps',
  );
  expect(await rke2.start('node4', 'server')).toBe(0);
  const token = (await rke2.sh('node4', 'cat /var/lib/rancher/rke2/server/node-token')).trim();
  await put('node4', '/etc/rancher/rke2/config.yaml', block([...common, `token: ${token}`]));
  await rke2.sh('node4', 'systemctl enable -q rke2-server; systemctl restart rke2-server');
  await put(
    'node5',
    '/etc/rancher/rke2/config.yaml',
    block([...common, `server: ${urlOf('node4')}`, `token: ${token}`]),
  );
  expect(await rke2.start('node5', 'agent')).toBe(0);
  await rke2.sh('node5', 'systemctl enable -q rke2-agent');
}

beforeAll(async () => {
  lab = await createLab({ name: 'adopt', hosts: 5 });
  rke2 = useRke2(lab);
  await openFirewall(lab, rke2);
  await Promise.all(lab.hosts.map((host) => rke2.install(host.name)));
  await Promise.all([makeByHand(), makeAsAnsible()]);
});

afterAll(() => lab?.destroy());

describe('a cluster made by hand', () => {
  const names = ['node1', 'node2', 'node3'];
  let project: Project;
  let starts: readonly string[];

  const adopt = (...args: string[]) =>
    project.rke2ctl('adopt', '--ssh-key', keyPath(), '--name', 'byhand', ...args);

  beforeAll(async () => {
    project = await makeProject(lab, 'by-hand');
    starts = await started(names);
  });

  it('is refused while a node of it is not named, and with hosts of another cluster; nothing is written', async () => {
    const short = expectExit(await adopt('--hosts', hostList(['node1', 'node2'])), 1);
    expect(short.stderr).toContain('node3');
    expect(short.stderr).toContain('--partial');
    const mixed = expectExit(await adopt('--hosts', hostList([...names, 'node4'])), 1);
    expect(mixed.stderr).toContain('different clusters');
    await expect(stat(project.path('cluster.yml'))).rejects.toThrow('ENOENT');
    await expect(rke2.sh('node1', `test ! -e ${MARKER}`)).resolves.toBe('');
  });

  it('is printed, and nothing is written', async () => {
    const { stdout } = expectExit(await adopt('--hosts', hostList(names), '--print'));
    expect(parse(stdout)).toMatchObject({
      cluster_name: 'byhand',
      authentication: { sans: ['k8s.lab.test', '198.18.77.7', 'extra.lab.test'] },
    });
    expect(stdout).not.toContain('pull-me-9c1d');
    expect(stdout).not.toContain('by-hand-8f3a');
    await expect(stat(project.path('cluster.yml'))).rejects.toThrow('ENOENT');
  });

  it('is taken over without a restart and without a change on the hosts', async () => {
    const before = await listing(names);
    const { stdout, stderr } = expectExit(await adopt('--hosts', hostList(names)));
    expect(stdout).toContain('Taken over: 3 nodes');
    expect(stdout + stderr).not.toContain('by-hand-8f3a');
    expect(await started(names)).toEqual(starts);
    expect(await listing(names)).toEqual(before);
    for (const name of names) expect(await rke2.sh(name, `stat -c %a ${MARKER}`)).toBe('600');
    for (const file of ['cluster.yml', 'cluster.rkestate', 'kube_config_cluster.yml'])
      expect((await stat(project.path(file))).mode & 0o777).toBe(0o600);
    const { nodes } = parse(await project.read('cluster.yml')) as { readonly nodes: readonly object[] };
    expect(nodes).toMatchObject([
      { role: ['controlplane', 'etcd', 'worker'], labels: { zone: 'a' } },
      { role: ['controlplane', 'etcd', 'worker'] },
      {
        role: ['worker'],
        labels: { disk: 'ssd', rack: 'r1' },
        taints: [{ key: 'only', value: 'batch', effect: 'NoSchedule' }],
      },
    ]);
  });

  it('leaves plan with nothing to do', async () => {
    const { stdout } = await project.rke2ctl('plan');
    expect(stdout).toMatch(/nothing to do/i);
    expectExit(await project.rke2ctl('plan'));
    expectExit(await project.rke2ctl('up'));
    expect(await started(names)).toEqual(starts);
  });

  it('takes a label by an edit of the file, without a restart', async () => {
    const file = parse(await project.read('cluster.yml')) as { nodes: { labels?: object }[] };
    const worker = file.nodes[2];
    if (worker !== undefined) worker.labels = { disk: 'ssd', rack: 'r2' };
    await project.write(file);
    expectExit(await project.rke2ctl('plan'), 2);
    expectExit(await project.rke2ctl('up'));
    expect(await rke2.kubectl('node1', 'get node node3 -o jsonpath="{.metadata.labels.rack}"')).toBe('r2');
    expect(await started(names)).toEqual(starts);
    expectExit(await project.rke2ctl('plan'));
  });

  it('restarts for what RKE2 reads at its start, and takes the drop-in away with it', async () => {
    const file = parse(await project.read('cluster.yml')) as { rke2?: { server?: Record<string, unknown> } };
    file.rke2 = { ...file.rke2, server: { ...file.rke2?.server, 'kubelet-arg': ['max-pods=150'] } };
    await project.write(file as Record<string, unknown>);
    expectExit(await project.rke2ctl('up'));
    const after = await started(names);
    expect(after.map((each, index) => each === starts[index])).toEqual([false, false, true]);
    expect(await rke2.sh('node1', 'ls /etc/rancher/rke2/config.yaml.d')).toBe('');
    expect(await rke2.sh('node1', 'cat /etc/rancher/rke2/config.yaml')).toContain('extra.lab.test');
    expect(await rke2.sh('node2', 'cat /etc/rancher/rke2/config.yaml')).toContain('max-pods=150');
    expectExit(await project.rke2ctl('plan'));
  });
});

describe('a cluster as rke2-ansible leaves it', () => {
  const names = ['node4', 'node5'];
  let project: Project;

  beforeAll(async () => {
    project = await makeProject(lab, 'ansible');
  });

  it('is taken over from a cluster.yml that names nodes only; plan is empty, and an edit is applied', async () => {
    const starts = await started(names);
    await project.write({
      cluster_name: 'play',
      ssh_key_path: keyPath(),
      nodes: names.map((name) => ({ address: hostNamed(name).address, user: hostNamed(name).user })),
    });
    expectExit(await project.rke2ctl('adopt'));
    expect(await project.read('cluster.yml.rke2ctl-backup')).toContain('play');
    expectExit(await project.rke2ctl('plan'));
    expect(await started(names)).toEqual(starts);
    // As an adoption leaves it that was cut off before it came to this host.
    await rke2.sh('node4', `rm ${MARKER}`);
    expectExit(await project.rke2ctl('up'));
    expect(await rke2.sh('node4', `stat -c %a ${MARKER}`)).toBe('600');
    expectExit(await project.rke2ctl('plan'));
    expect(await started(names)).toEqual(starts);
    const file = parse(await project.read('cluster.yml')) as Record<string, unknown>;
    expect(stringify(file)).toContain('api.lab.test');
    await project.write({
      ...file,

      addons: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: later\n',
    });
    expectExit(await project.rke2ctl('up'));
    expect(await rke2.kubectl('node4', 'get namespace later -o name')).toContain('later');
    expect(await started(names)).toEqual(starts);
    expectExit(await project.rke2ctl('plan'));
  });
});
