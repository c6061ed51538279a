import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { listingWithoutAllowed } from './allowed-rest.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';
import { countVoters } from './voters.ts';

const HOSTS = ['node1', 'node2', 'node3', 'node4', 'node5', 'node6'] as const;
const SERVERS = HOSTS.slice(0, 3);

let lab: Lab;
let project: Project;
/** Each host as it was before rke2ctl ever saw it. */
const before = new Map<string, readonly string[]>();

beforeAll(async () => {
  lab = await createLab({ name: 'six', hosts: 6, sudo: 'password', bastion: true });
  for (const host of HOSTS) before.set(host, await lab.listing(host));
  project = await makeProject(lab, 'six');
  await project.write(clusterFile(lab, [SERVER, SERVER, SERVER, WORKER, WORKER, WORKER]));
});

afterAll(() => lab?.destroy());

/** A shell line as root inside a host. */
const sh = async (host: string, line: string) => (await lab.exec(host, ['sh', '-c', line])).stdout.trim();

/** Whether `from` gets a TCP connection to a port of `to`. */
async function reaches(from: string, to: string, port: number): Promise<boolean> {
  const address = lab.hosts.find((host) => host.name === to)?.address ?? '';
  const program = `import socket; s=socket.socket(); s.settimeout(2); s.connect(("${address}", ${port}))`;
  return (await lab.exec(from, ['python3', '-c', program])).exitCode === 0;
}

/** When anything that an `up` could change was last changed: config files, units, firewall, RKE2's start. */
const fingerprint = (host: string) =>
  sh(
    host,
    `find /etc /usr/local /var/lib/rancher/rke2/agent/images /run/firewalld -newermt '2000-01-01' -type f -printf '%p %T@ %C@\\n' 2>/dev/null | sort
     systemctl show rke2-server rke2-agent firewalld -p ActiveEnterTimestampMonotonic,MainPID,NRestarts`,
  );

describe('three servers and three workers, behind a bastion, with a sudo password', () => {
  it('come up in one `up`', async () => {
    const result = expectExit(await project.rke2ctl('up'));
    expect(result.stderr + result.stdout).not.toMatch(/\bat .+\.js:\d+/);
  });

  it('are six Ready Nodes for the real kubectl and the written kubeconfig', async () => {
    const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'json'));
    const nodes = (
      JSON.parse(stdout) as {
        items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
      }
    ).items;
    const ready = nodes.filter((node) =>
      node.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'),
    );
    expect(ready.map((node) => node.metadata.name).sort()).toEqual([...HOSTS]);
    expect(await project.read('kube_config_cluster.yml')).toContain('current-context: lab');
  });

  it('have three voters in etcd', async () => {
    expect(await countVoters(lab, 'node2')).toBe(3);
  });

  it('keep firewalld on, let each other in and nobody else', async () => {
    for (const host of HOSTS) expect(await sh(host, 'firewall-cmd --state')).toBe('running');
    for (const server of SERVERS) {
      for (const port of [9345, 6443, 10250]) {
        expect([server, port, await reaches('node4', server, port)]).toEqual([server, port, true]);
      }
      // etcd is for servers; 2381 and 10257 listen on loopback only, 8080 is nobody's.
      for (const port of [2381, 10257, 8080])
        expect([server, port, await reaches('node4', server, port)]).toEqual([server, port, false]);
    }
    for (const port of [2379, 2380])
      expect([port, await reaches('node1', 'node2', port)]).toEqual([port, true]);
    expect(await reaches('node1', 'node5', 10250)).toBe(true);
    // The bastion is none of the nodes: the API is public, the supervisor, etcd and kubelet are not.
    expect(await reaches('bastion', 'node1', 6443)).toBe(true);
    for (const port of [9345, 2379, 2380, 10250])
      expect([port, await reaches('bastion', 'node1', port)]).toEqual([port, false]);
  });

  it('are left alone by a second `up`, and `plan` says that there is nothing to do', async () => {
    const was = await Promise.all(HOSTS.map(fingerprint));
    const second = expectExit(await project.rke2ctl('up', '--output', 'json'));
    expect(await Promise.all(HOSTS.map(fingerprint))).toEqual(was);
    const last = JSON.parse(second.stdout.trim().split('\n').at(-1) ?? '{}') as {
      result?: { outcome: string };
    };
    expect(last.result?.outcome).toBe('nothing-to-do');
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('are as before after `remove`, and a second `remove` finds nothing to do', async () => {
    expectExit(await project.rke2ctl('remove', '--yes'));
    for (const host of HOSTS)
      expect(listingWithoutAllowed(await lab.listing(host))).toEqual(
        listingWithoutAllowed(before.get(host) ?? []),
      );
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('come up again on the cleaned hosts', async () => {
    expectExit(await project.rke2ctl('up'));
    const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
    expect(stdout.trim().split('\n')).toHaveLength(6);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });
});
