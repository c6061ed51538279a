import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-leaving', 4));
  await rke2.configure('node1', { token: TOKEN });
  for (const host of ['node2', 'node3', 'node4'])
    await rke2.configure(host, { server: SERVER, token: TOKEN });
  for (const host of ['node1', 'node2', 'node3']) expect(await rke2.start(host, 'server')).toBe(0);
  expect(await rke2.start('node4', 'agent')).toBe(0);
});

afterAll(async () => {
  await lab?.destroy();
});

describe('stopping and removing', () => {
  test('systemctl stop leaves the static pods running, a start keeps them, killall ends them', async () => {
    const pods = (): Promise<string> => rke2.sh('node3', 'pgrep -x etcd; pgrep -x kube-apiserver; true');
    const before = await pods();
    expect(before.split('\n')).toHaveLength(2);
    await rke2.sh('node3', 'systemctl stop rke2-server');
    expect(await pods()).toBe(before);
    expect(await rke2.sh('node3', 'pgrep -x containerd || echo none')).toBe('none');
    expect(await rke2.start('node3', 'server')).toBe(0);
    expect(await pods()).toBe(before);
    expect(await rke2.sh('node3', 'grep -c kubelet/pods /proc/mounts; grep -c netns/cni /proc/mounts')).toBe(
      '1\n1',
    );
    await rke2.sh('node3', 'rke2-killall.sh >/dev/null 2>&1');
    expect(await pods()).toBe('');
    expect(
      await rke2.sh('node3', 'grep -c kubelet/pods /proc/mounts; grep -c netns/cni /proc/mounts; true'),
    ).toBe('0\n0');
    expect(await rke2.sh('node3', 'ls /sys/class/net')).not.toMatch(/cni0|flannel|kube-ipvs0/);
    expect(await rke2.sh('node3', 'iptables-save')).not.toContain('KUBE-');
    expect(await rke2.sh('node3', `ls ${DATA}/agent/pod-manifests`)).toBe('');
    expect(await rke2.start('node3', 'server')).toBe(0);
  });

  test('a pod that dies comes back', async () => {
    await rke2.sh('node3', 'kill -9 $(pgrep -x kube-apiserver)');
    await expect
      .poll(() => rke2.kubectl('node3', 'get --raw /readyz').catch(() => ''), { timeout: 15_000 })
      .toBe('ok');
  });

  test('deleting the Node of a server removes its member; its name is free again and it needs --server to return', async () => {
    await rke2.kubectl('node1', 'delete node node3 --timeout=30s');
    await expect
      .poll(() => rke2.members('node1').then(({ voters }) => voters.length), { timeout: 15_000 })
      .toBe(2);
    await expect
      .poll(() => rke2.log('node3', 'server'), { timeout: 15_000 })
      .toContain('Local Node deleted or removed from etcd cluster, cleaning up server static pods');
    expect(await rke2.sh('node3', 'pgrep -x etcd || echo none')).toBe('none');
    expect(await rke2.kubectl('node1', 'get secrets -n kube-system')).not.toContain(
      'node3.node-password.rke2',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { token: TOKEN });
    expect(await rke2.start('node3', 'server')).toBe(1);
    expect(await rke2.log('node3', 'server')).toContain(
      'tombstone file has been detected but --server is empty: backup and delete ',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { server: SERVER, token: TOKEN });
    expect(await rke2.start('node3', 'server')).toBe(0);
    await expect.poll(async () => (await rke2.members('node1')).voters, { timeout: 30_000 }).toHaveLength(3);
  });

  test('all servers start together after all were off', async () => {
    for (const host of ['node1', 'node2', 'node3']) await rke2.sh(host, 'rke2-killall.sh >/dev/null 2>&1');
    expect(await rke2.start('node1', 'server', 4)).toBe(124);
    const others = await Promise.all(['node2', 'node3', 'node1'].map((host) => rke2.start(host, 'server')));
    expect(others).toEqual([0, 0, 0]);
    await expect
      .poll(() => rke2.kubectl('node2', 'get nodes --no-headers | grep -c " Ready "'), { timeout: 30_000 })
      .toBe('4');
  });

  test('a server started with another token refuses the data it finds', async () => {
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { server: SERVER, token: 'another' });
    expect(await rke2.start('node3', 'server')).toBe(1);
    expect(await rke2.log('node3', 'server')).toContain(
      'bootstrap data already found and encrypted with different token',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
  });

  test('uninstall takes everything but what a real one leaves behind', async () => {
    await rke2.sh('node4', 'rke2-uninstall.sh >/root/uninstall.log 2>&1');
    expect(await rke2.sh('node4', 'tail -n 4 /root/uninstall.log; cat /root/uninstall.log')).toContain(
      'Cleanup completed successfully',
    );
    const gone = [
      '/etc/rancher',
      '/var/lib/rancher',
      '/var/lib/kubelet',
      '/var/lib/cni',
      '/etc/cni',
      '/opt/cni/bin',
      '/var/log/pods',
      '/usr/local/bin/rke2',
      '/usr/local/bin/rke2-uninstall.sh',
      '/usr/local/share/rke2',
    ];
    for (const path of gone) expect(await rke2.sh('node4', `test ! -e ${path} && echo gone`)).toBe('gone');
    expect(await rke2.sh('node4', 'ls -d /run/k3s /opt/cni')).toBe('/opt/cni\n/run/k3s');
    expect(await rke2.sh('node4', 'ps -e -o args | grep -c "[r]ke2" || true')).toBe('0');
  });
});
