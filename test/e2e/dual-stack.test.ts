import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab, type LabHost } from '../lab/lab.ts';
import { sentInAll } from './count-traffic.ts';
import { expectExit } from './expect-exit.ts';
import { makeLargeRelease } from './large-release.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';

const COPY_BYTES = 20 << 20;

interface ApiNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDRs: readonly string[] };
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}

describe('a cluster with addresses of both families', () => {
  let lab: Lab;
  let project: Project;
  const sh = async (host: string, command: string): Promise<string> =>
    expectExit(await lab.exec(host, ['sh', '-c', command])).stdout;

  beforeAll(async () => {
    lab = await createLab({ name: 'dual-stack', hosts: 2 });
    project = await makeProject(lab, 'dual-stack');
    await project.write(
      clusterFile(lab, [ALL, WORKER], {
        services: {
          'kube-api': { service_cluster_ip_range: '10.43.0.0/16,fd00:43::/112' },
          'kube-controller': { cluster_cidr: '10.42.0.0/16,fd00:42::/56' },
        },
      }),
    );
  });
  afterAll(() => lab?.destroy());

  it('is refused where a host lacks one of them, before anything is touched', async () => {
    const address6 = lab.hosts[1]?.address6 ?? '';
    await sh('node2', `ip -6 address del ${address6}/64 dev host0`);
    const refused = await project.rke2ctl('up');
    expectExit(refused, 1);
    expect(refused.stderr).toContain('IPv6');
    expect(refused.stderr).toContain('nothing was changed');
    expect(await sh('node1', 'ls /etc/rancher 2>/dev/null || true')).toBe('');
    await sh('node2', `ip -6 address add ${address6}/64 dev host0 nodad`);
  });

  it('comes up, and every node is known by both of its addresses', async () => {
    expectExit(await project.rke2ctl('up'));
    const both = ({ address, address6 }: LabHost): readonly string[] => [address, address6];
    for (const host of lab.hosts) {
      const config = await sh(host.name, 'cat /etc/rancher/rke2/config.yaml');
      for (const address of both(host)) expect(config).toContain(`- "${address}"`);
    }
    const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'json'));
    const { items } = JSON.parse(stdout) as { readonly items: readonly ApiNode[] };
    const internal = items.map(({ metadata, status }) => [
      metadata.name,
      ...status.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
    ]);
    expect(internal).toEqual(lab.hosts.map((host) => [host.name, ...both(host)]));
    for (const { spec } of items)
      expect(spec.podCIDRs).toEqual([expect.stringMatching(/^10\.42\./), expect.stringMatching(/^fd00:42:/)]);
  });

  it('lets the nodes through to each other by either', async () => {
    const zone = await sh('node1', 'firewall-cmd --list-rich-rules');
    for (const family of ['ipv4', 'ipv6'])
      expect(zone).toMatch(new RegExp(`family="${family}" .* port="10250" protocol="tcp" accept`));
    for (const { address, address6 } of lab.hosts) {
      expect(
        await sh('node2', `curl -gsk -o /dev/null -w '%{http_code}' https://${address}:10250/healthz`),
      ).toBe('401');
      expect(
        await sh('node2', `curl -gsk -o /dev/null -w '%{http_code}' 'https://[${address6}]:10250/healthz'`),
      ).toBe('401');
    }
  });

  it('has nothing more to do, and goes away', async () => {
    expectExit(await project.rke2ctl('plan'), 0);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('hands its release on from node to node by IPv6, too', async () => {
    const release = project.path('release');
    const hash = await makeLargeRelease(lab, release, COPY_BYTES);
    const roles = [ALL, WORKER];
    await project.write({
      ...clusterFile(lab, [], { install: { artifacts: release } }),
      nodes: lab.hosts.map((host, index) => nodeEntry(host, roles[index] ?? [], { address: host.address6 })),
      services: {
        'kube-api': { service_cluster_ip_range: 'fd00:43::/112,10.43.0.0/16' },
        'kube-controller': { cluster_cidr: 'fd00:42::/56,10.42.0.0/16' },
      },
    });
    expectExit(await project.rke2ctl('up', '--trace', 'trace.json'));
    for (const { name } of lab.hosts)
      expect(
        await sh(name, 'sha256sum /var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst'),
      ).toContain(hash);
    expect(await sentInAll(project.path('trace.json'))).toBeLessThan(1.3 * COPY_BYTES);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });
});
