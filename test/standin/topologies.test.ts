import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { makeRelease } from './make-release.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-topologies', 4, true));
});

afterAll(async () => {
  await lab?.destroy();
});

const hostRoot = (name: string): string => lab.hosts.find((host) => host.name === name)?.root ?? '';
const uninstall = (host: string): Promise<string> =>
  rke2.sh(host, '$(command -v rke2-uninstall.sh || echo /opt/rke2/bin/rke2-uninstall.sh) >/dev/null 2>&1');

describe('split roles', () => {
  const etcdOnly = {
    'disable-apiserver': true,
    'disable-controller-manager': true,
    'disable-scheduler': true,
  };

  test('an etcd-only server gets ready without an API server and waits for one', async () => {
    await rke2.install('node1');
    await rke2.configure('node1', {
      token: TOKEN,
      ...etcdOnly,
      'node-taint': ['node-role.kubernetes.io/etcd:NoExecute'],
    });
    expect(await rke2.start('node1', 'server')).toBe(0);
    expect(await rke2.log('node1', 'server')).toContain(
      'Waiting for control-plane node to register apiserver addresses in etcd',
    );
    expect(await rke2.sh('node1', 'pgrep -x kube-apiserver || echo none')).toBe('none');
    expect(await rke2.sh('node1', 'ls /etc/rancher/rke2/rke2.yaml')).toBe('/etc/rancher/rke2/rke2.yaml');
  });

  test('a second one joins while there is no API server yet', async () => {
    await rke2.install('node2');
    await rke2.configure('node2', { token: TOKEN, server: SERVER, ...etcdOnly });
    expect(await rke2.start('node2', 'server')).toBe(0);
    await expect.poll(async () => (await rke2.members('node1')).voters, { timeout: 30_000 }).toHaveLength(2);
  });

  test('a control-plane-only server reaches etcd through its load balancer, and all Nodes appear with their roles', async () => {
    await rke2.install('node3');
    await rke2.configure('node3', { token: TOKEN, server: SERVER, 'disable-etcd': true });
    expect(await rke2.start('node3', 'server')).toBe(0);
    expect(await rke2.sh('node3', 'pgrep -x etcd || echo none')).toBe('none');
    const balancer = JSON.parse(
      await rke2.sh('node3', `cat ${DATA}/server/etc/rke2-etcd-server-load-balancer.json`),
    );
    expect(balancer.ServerAddresses.sort()).toEqual(['198.18.1.1:2379', '198.18.1.2:2379']);
    const columns =
      '-o jsonpath=\'{range .items[*]}{.metadata.name} {.metadata.labels.node-role\\.kubernetes\\.io/etcd} {.metadata.labels.node-role\\.kubernetes\\.io/control-plane}{"\\n"}{end}\'';
    await expect
      .poll(() => rke2.kubectl('node3', `get nodes ${columns}`), { timeout: 20_000 })
      .toBe('node1 true \nnode2 true \nnode3  true');
    await rke2.kubectl('node1', 'get nodes');
  });

  test('an agent may join through an etcd-only server', async () => {
    await rke2.install('node4');
    await rke2.configure('node4', { token: TOKEN, server: SERVER });
    expect(await rke2.start('node4', 'agent')).toBe(0);
    await expect
      .poll(() => rke2.kubectl('node3', 'get node node4 --no-headers'), { timeout: 15_000 })
      .toMatch(/ Ready +<none>/);
  });

  test('a taint is applied when the Node registers, not at later starts', async () => {
    expect(
      await rke2.kubectl(
        'node3',
        `get node node1 -o jsonpath='{.spec.taints[?(@.effect=="NoExecute")].key}'`,
      ),
    ).toBe('node-role.kubernetes.io/etcd');
    await rke2.configure('node4', {
      token: TOKEN,
      server: SERVER,
      'node-taint': ['late=1:NoSchedule'],
      'node-label': ['late=yes'],
    });
    await rke2.sh('node4', 'systemctl restart rke2-agent');
    await expect
      .poll(() => rke2.kubectl('node3', 'get nodes -l late=yes -o name'), { timeout: 15_000 })
      .toBe('node/node4');
    expect(
      await rke2.kubectl('node3', `get node node4 -o jsonpath='{.spec.taints[?(@.key=="late")].key}'`),
    ).toBe('');
  });

  afterAll(async () => {
    for (const host of ['node4', 'node3', 'node2', 'node1']) await uninstall(host);
  });
});

describe('one server', () => {
  test('a new version replaces the API server’s pod, keeps etcd’s, and the Node shows it', async () => {
    await rke2.install('node4');
    await rke2.configure('node4', { token: TOKEN });
    expect(await rke2.start('node4', 'server')).toBe(0);
    const pids = (): Promise<string> => rke2.sh('node4', 'pgrep -x etcd; pgrep -x kube-apiserver');
    const [etcd, apiServer] = (await pids()).split('\n');
    const next = join(lab.directory, 'next');
    await makeRelease({ directory: next, version: 'v1.36.4+rke2r1', bundles: [] });
    cpSync(next, join(hostRoot('node4'), 'root/next'), { recursive: true });
    await rke2.sh(
      'node4',
      `rm ${DATA}/agent/images/*; rm /root/next/*.txt.gz /root/next/rke2-images*.txt 2>/dev/null; INSTALL_RKE2_ARTIFACT_PATH=/root/next sh /root/next/install.sh && systemctl restart rke2-server`,
    );
    await expect
      .poll(
        () => rke2.kubectl('node4', "get nodes -o jsonpath='{.items[0].status.nodeInfo.kubeletVersion}'"),
        { timeout: 20_000 },
      )
      .toBe('v1.36.4+rke2r1');
    const after = (await pids()).split('\n');
    expect(after[0]).toBe(etcd);
    expect(after[1]).not.toBe(apiServer);
    expect(await rke2.kubectl('node4', 'version --short 2>/dev/null')).toContain('v1.36.4+rke2r1');
    await uninstall('node4');
  });

  test('a server comes back by itself after its power was cut', async () => {
    await rke2.install('node4');
    await rke2.configure('node4', { token: TOKEN });
    await rke2.sh('node4', 'systemctl enable rke2-server 2>/dev/null');
    expect(await rke2.start('node4', 'server')).toBe(0);
    await rke2.kubectl('node4', 'create configmap kept');
    await lab.powerOff('node4');
    await lab.powerOn('node4');
    await expect
      .poll(() => rke2.kubectl('node4', 'get configmap kept -o name').catch(() => ''), { timeout: 30_000 })
      .toBe('configmap/kept');
    await expect
      .poll(() => rke2.kubectl('node4', 'get nodes --no-headers'), { timeout: 20_000 })
      .toMatch(/ Ready /);
    await uninstall('node4');
    await rke2.sh('node4', 'firewall-cmd -q --set-default-zone=trusted');
  });

  test('a node at an IPv6 address', async () => {
    const address = lab.hosts[3]?.address6 ?? '';
    await rke2.install('node4');
    await rke2.configure('node4', { token: TOKEN, 'node-ip': address });
    expect(await rke2.start('node4', 'server')).toBe(0);
    await expect
      .poll(() => rke2.kubectl('node4', 'get nodes -o wide --no-headers'), { timeout: 15_000 })
      .toContain(address);
    await rke2.install('node3');
    await rke2.configure('node3', {
      token: TOKEN,
      server: `https://[${address}]:9345`,
      'node-ip': lab.hosts[2]?.address6,
    });
    expect(await rke2.start('node3', 'server')).toBe(0);
    await expect.poll(async () => (await rke2.members('node3')).voters, { timeout: 30_000 }).toHaveLength(2);
    for (const host of ['node3', 'node4']) await uninstall(host);
  });
});
