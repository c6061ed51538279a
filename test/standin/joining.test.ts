import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-joining', 5));
  await rke2.configure('node1', { token: TOKEN });
  expect(await rke2.start('node1', 'server')).toBe(0);
});

afterAll(async () => {
  await lab?.destroy();
});

const hash = (host: string): Promise<string> =>
  rke2.sh(host, `sha256sum < ${DATA}/server/tls/server-ca.crt | cut -c1-64`);

describe('joining', () => {
  test('a server whose token pins another authority exits 1 and systemd tries again', async () => {
    await rke2.configure('node2', { server: SERVER, token: `K10${'a'.repeat(64)}::server:${TOKEN}` });
    expect(await rke2.start('node2', 'server')).toBe(1);
    expect(await rke2.log('node2', 'server')).toMatch(
      /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: .*token CA hash does not match the Cluster CA certificate hash: a{64} != [0-9a-f]{64}"/,
    );
    expect(await rke2.sh('node2', 'systemctl show -P Restart -P RestartUSec rke2-server')).toBe('always\n5s');
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('a server with a wrong password is not authorized', async () => {
    await rke2.configure('node2', { server: SERVER, token: 'wrong' });
    expect(await rke2.start('node2', 'server')).toBe(1);
    const log = await rke2.log('node2', 'server');
    expect(log).toContain('level=warning msg="Skipping cluster configuration validation: ');
    expect(log).toMatch(/level=fatal msg="Error: preparing server: .*not authorized/);
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('a server whose critical values differ is refused by name', async () => {
    await rke2.configure('node2', {
      server: SERVER,
      token: TOKEN,
      'cluster-cidr': '10.50.0.0/16',
      'egress-selector-mode': 'disabled',
    });
    expect(await rke2.start('node2', 'server')).toBe(1);
    const log = await rke2.log('node2', 'server');
    expect(log).toContain('critical configuration mismatched: cluster-cidr');
    expect(log).toContain('critical configuration mismatched: egress-selector-mode');
    expect(log).toContain(
      'failed to validate server configuration: critical configuration value mismatch between servers',
    );
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('an agent with a wrong token does not exit: it tries again and again, and start hangs', async () => {
    await rke2.configure('node4', { server: SERVER, token: 'wrong' });
    expect(await rke2.start('node4', 'agent', 6)).toBe(124);
    const lines = (await rke2.log('node4', 'agent'))
      .split('\n')
      .filter((line) => line.includes('Waiting to retrieve agent configuration; server is not ready: '));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[0]).toContain('401 Unauthorized');
    expect(await rke2.sh('node4', 'systemctl show -P NRestarts rke2-agent')).toBe('0');
    await rke2.sh('node4', 'systemctl stop rke2-agent');
  });

  test('an agent whose token pins another authority says so and tries again', async () => {
    await rke2.configure('node4', { server: SERVER, token: `K10${'b'.repeat(64)}::node:${TOKEN}` });
    expect(await rke2.start('node4', 'agent', 3)).toBe(124);
    expect(await rke2.log('node4', 'agent')).toContain(
      `Failed to validate connection to cluster at ${SERVER}: token CA hash does not match`,
    );
    await rke2.sh('node4', 'systemctl stop rke2-agent');
  });

  test('two servers at once: one learner at a time, and in the end both are voters', async () => {
    for (const host of ['node2', 'node3'])
      await rke2.configure(host, { server: SERVER, token: `K10${await hash('node1')}::server:${TOKEN}` });
    expect(await Promise.all(['node2', 'node3'].map((host) => rke2.start(host, 'server')))).toEqual([0, 0]);
    const logs = (await rke2.log('node2', 'server')) + (await rke2.log('node3', 'server'));
    expect(logs).toContain('Waiting for other members to finish joining etcd cluster: ');
    expect(logs).toMatch(/Adding member node2-[0-9a-f]{8}=https:\/\/198\.18\.1\.2:2380 to etcd cluster \[/);
    expect(await rke2.log('node1', 'server')).toMatch(/Promoted learner node2-[0-9a-f]{8}/);
    const members = await rke2.members('node2');
    expect(members.voters.map((name) => name.slice(0, 5))).toEqual(['node1', 'node2', 'node3']);
    expect(members.learners).toEqual([]);
  });

  test('an agent joins with the label and taint it was given, and gets no role', async () => {
    await rke2.configure('node4', {
      server: SERVER,
      token: TOKEN,
      'node-label': ['tier=web'],
      'node-taint': ['only=web:NoSchedule'],
    });
    expect(await rke2.start('node4', 'agent')).toBe(0);
    expect(await rke2.log('node4', 'agent')).toContain('rke2 agent is up and running');
    await expect
      .poll(() => rke2.kubectl('node1', 'get nodes -l tier=web --no-headers'), { timeout: 15_000 })
      .toMatch(/^node4 +Ready +<none> /);
    expect(
      await rke2.kubectl('node1', `get node node4 -o jsonpath='{.spec.taints[?(@.key=="only")].effect}'`),
    ).toBe('NoSchedule');
    const addresses = (): Promise<string[]> =>
      rke2
        .sh('node4', `cat ${DATA}/agent/etc/rke2-api-server-agent-load-balancer.json`)
        .then((text) => JSON.parse(text).ServerAddresses.sort());
    await expect
      .poll(addresses, { timeout: 15_000 })
      .toEqual(['198.18.1.1:6443', '198.18.1.2:6443', '198.18.1.3:6443']);
  });

  test('an agent by a name that is taken is rejected for its node password', async () => {
    await rke2.configure('node5', { server: SERVER, token: TOKEN, 'node-name': 'node4' });
    expect(await rke2.start('node5', 'agent', 3)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain(
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag",
    );
    await rke2.sh('node5', 'systemctl stop rke2-agent');
  });

  test('a server by a name that is taken is refused by etcd', async () => {
    await rke2.configure('node5', { server: SERVER, token: TOKEN, 'node-name': 'node2' });
    expect(await rke2.start('node5', 'server')).toBe(1);
    expect(await rke2.log('node5', 'server')).toContain(
      'duplicate node name found, please use a unique name for this node',
    );
    await rke2.sh('node5', `systemctl stop rke2-server; rm -rf ${DATA}/server`);
  });

  test('a label the kubelet may not set, or a taken kubelet port, keeps the Node from registering', async () => {
    await rke2.configure('node5', {
      server: SERVER,
      token: TOKEN,
      'node-label': ['node-role.kubernetes.io/worker=true'],
    });
    expect(await rke2.start('node5', 'agent', 4)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain('Kubelet exited: exit status 1');
    expect(await rke2.sh('node5', `cat ${DATA}/agent/logs/kubelet.log`)).toContain(
      "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]",
    );
    await rke2.sh('node5', 'systemctl stop rke2-agent');
    await lab.fault('node5', 'port-taken', '10250');
    await rke2.configure('node5', { server: SERVER, token: TOKEN });
    expect(await rke2.start('node5', 'agent', 4)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain('listen on port 10250');
    await lab.heal('node5');
    expect(await rke2.kubectl('node1', 'get nodes -o name')).not.toContain('node5');
    await rke2.sh('node5', 'systemctl stop rke2-agent');
  });

  test('the other role does not start beside a running one', async () => {
    await rke2.start('node4', 'server');
    expect(await rke2.sh('node4', 'systemctl is-active rke2-server || true')).toBe('inactive');
    expect(await rke2.log('node4', 'server')).toContain('Error: rke2-agent is running!');
  });

  test('an agent survives the loss of the server it was told of, and starts without it', async () => {
    await rke2.sh('node1', 'systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1');
    await rke2.sh('node4', 'systemctl stop rke2-agent');
    expect(await rke2.start('node4', 'agent')).toBe(0);
    expect(await rke2.start('node1', 'server')).toBe(0);
  });
});
