import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterIdentity, readyNodes } from './cluster-identity.ts';
import { expectExit } from './expect-exit.ts';
import { createFaultCluster, type FaultCluster } from './fault-cluster.ts';
import { runUntil } from './run-until.ts';

let cluster: FaultCluster;
let identity: ClusterIdentity;

beforeAll(async () => {
  cluster = await createFaultCluster('faults-running', 4);
});

afterAll(() => cluster?.lab.destroy());

const up = (...flags: string[]) => cluster.project.rke2ctl('up', ...flags);

/** Waits until a host that boots takes a login. */
async function sshAnswers(name: string): Promise<void> {
  const host = cluster.lab.hosts.find((each) => each.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  const options = [
    '-F',
    'none',
    '-i',
    host.keyPath,
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'ConnectTimeout=1',
  ];
  const login = [
    'ssh',
    ...options,
    '-o',
    'UserKnownHostsFile=/dev/null',
    `${host.user}@${host.address}`,
    'true',
  ];
  for (let tries = 0; (await cluster.lab.run(login)).exitCode !== 0; tries += 1) {
    if (tries > 60) throw new Error(`${name} takes no login`);
    await sleep(250);
  }
}

/** etcd's members by name, with whether each is a voter, asked of node1's etcd. */
async function etcdMembers(): Promise<Readonly<Record<string, boolean>>> {
  const tls = '/var/lib/rancher/rke2/server/tls/etcd';
  const { stdout } = await cluster.lab.exec('node1', [
    ...['env', 'ETCDCTL_API=3', '/usr/lib/rke2-standin/bin/etcdctl', '--endpoints=https://127.0.0.1:2379'],
    ...[`--cacert=${tls}/server-ca.crt`, `--cert=${tls}/server-client.crt`, `--key=${tls}/server-client.key`],
    ...['member', 'list', '-w', 'json'],
  ]);
  const { members } = JSON.parse(stdout) as {
    readonly members: readonly {
      readonly name?: string;
      readonly isLearner?: boolean;
      readonly peerURLs: readonly string[];
    }[];
  };
  // A member that has not started yet has no name.
  return Object.fromEntries(
    members.map((member) => {
      const host = cluster.lab.hosts.find((each) =>
        member.peerURLs.some((url) => url.includes(`${each.address}:`)),
      );
      return [host?.name ?? '?', member.isLearner !== true];
    }),
  );
}

describe('an sshd that is killed with all its sessions', () => {
  it('does not end the run, and nothing is taken for done that was not looked at', async () => {
    await cluster.writeFileOf('node1', 'node3');
    let midway = '';
    const run = await runUntil(cluster.project, ['up'], /node1: start rke2-server/, async (_pid, said) => {
      await sleep(500);
      await cluster.lab.fault('node1', 'kill-sshd');
      midway = said();
    });
    expect(run.happened).toBe(true);
    expect(midway).not.toContain('start rke2-server: done');
    expectExit(run);
    await expect.poll(() => readyNodes(cluster.project), { timeout: 15_000 }).toEqual(['node1', 'node3']);
    expect(await cluster.sh('node1', 'systemctl show -p NRestarts --value rke2-server')).toBe('0');
    expectExit(await cluster.project.rke2ctl('plan'));
    identity = await cluster.identity();
  });
});

/* A host that is off is noticed by whoever is first: our own patience, or the kernel that finds nobody at the address. */

describe('a worker that is switched off', () => {
  it('is reported, and the others are served', async () => {
    await cluster.lab.powerOff('node3');
    await cluster.writeFileOf('node1', 'node3', 'node4');
    const { stderr, stdout } = expectExit(await up(), 4);
    expect(stderr).toMatch(
      /✗ 198\.18\.1\.3: not reached\n.* ops@198\.18\.1\.3:22 (did not answer in time|cannot be reached)/,
    );
    expect(stderr).toContain('Check that the machine is on');
    expect(stdout).toMatch(/^198\.18\.1\.3\S* +\S+ +unreachable/m);
    expect(stdout).toMatch(/^node4 +worker +done/m);
    await expect.poll(() => readyNodes(cluster.project), { timeout: 15_000 }).toContain('node4');
  });

  it('is well again after a plain `up`', async () => {
    await cluster.lab.powerOn('node3');
    expectExit(await up());
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4']);
    expect(await cluster.identity()).toEqual(identity);
  });
});

describe('a worker with another host key', () => {
  it('is not talked to: both fingerprints and both explanations are told', async () => {
    const fingerprint = () => cluster.sh('node4', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    const before = (await fingerprint()).split(' ')[1] ?? '';
    await cluster.lab.fault('node4', 'host-key');
    const now = (await fingerprint()).split(' ')[1] ?? '';
    const { stderr, stdout } = expectExit(await up(), 4);
    expect(stderr).toContain('ops@198.18.1.4:22 shows another host key than the one on record');
    expect(stderr).toContain(
      `on record: ssh-ed25519 ${before} (${cluster.project.path('home/.ssh/known_hosts')}:`,
    );
    expect(stderr).toContain(`shown now: ssh-ed25519 ${now}`);
    expect(stderr).toContain(
      'Either the machine was replaced or set up anew, or somebody stands between you and it',
    );
    expect(stdout).toMatch(/^node1 .* (unchanged|done) /m);
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4']);
  });

  it('is trusted again once its line is taken away as the error says', async () => {
    const [, command = ''] = /Only if it is one of them: `([^`]+)`/.exec((await up()).stderr) ?? [];
    expect(command).toMatch(/^ssh-keygen -f \S+ -R \S+$/);
    expectExit(await cluster.lab.run(['sh', '-c', command]));
    expectExit(await up());
    expect(await cluster.identity()).toEqual(identity);
  });
});

describe('a server that loses power before it is a voter', () => {
  it('is told, and the cluster goes on without it', async () => {
    await cluster.writeFileOf('node1', 'node2', 'node3', 'node4');
    const run = await runUntil(cluster.project, ['up'], /node2: join through/, async () => {
      // Without its peers' traffic a learner stays one, so that there is time to look.
      for (const host of ['node1', 'node2']) await cluster.lab.fault(host, 'drop-port', '2380');
      for (let tries = 0; (await etcdMembers())['node2'] === undefined && tries < 100; tries += 1)
        await sleep(100);
      expect(await etcdMembers()).toEqual({ node1: true, node2: false });
      await cluster.lab.powerOff('node2');
    });
    expect(run.happened).toBe(true);
    const { stderr, stdout } = expectExit(run, 4);
    expect(stderr).toMatch(/✗ node2: join through 198\.18\.1\.1: lost sight of after/);
    expect(stderr).toMatch(
      /The connection to ops@198\.18\.1\.2:22 was lost .*rke2-server\. Whether it took effect is unknown/,
    );
    expect(stdout).toMatch(/^node2 +etcd\+controlplane +unknown/m);
    expect(stdout).toMatch(/^node3 +worker +(done|unchanged)/m);
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4']);
    expect(await cluster.identity()).toEqual(identity);
  });

  it('joins with a plain `up` when it is back', async () => {
    await cluster.lab.heal('node1');
    await cluster.lab.heal('node2');
    expectExit(await up());
    expect(await etcdMembers()).toEqual({ node1: true, node2: true });
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node2', 'node3', 'node4']);
    expect(await cluster.identity()).toEqual(identity);
    expectExit(await cluster.project.rke2ctl('plan'));
  });
});

describe('`remove` with a host switched off', () => {
  const stateFile = () =>
    access(cluster.project.path('cluster.rkestate')).then(
      () => true,
      () => false,
    );
  const traces = (host: string) =>
    cluster.sh(
      host,
      'ls -d /etc/rancher /usr/local/bin/rke2* /var/lib/rancher/rke2 2>/dev/null; pgrep -x etcd; grep -rl rke2ctl /etc/firewalld/zones; true',
    );

  it('cleans the others, reports it and keeps the state', async () => {
    await cluster.lab.powerOff('node4');
    const { stderr, stdout } = expectExit(await cluster.project.rke2ctl('remove', '--yes'), 4);
    expect(stderr).toMatch(/ops@198\.18\.1\.4:22 (did not answer in time|cannot be reached)/);
    expect(stdout).toMatch(/^198\.18\.1\.4\S* +\S+ +unreachable .*run the same command again/m);
    for (const host of ['node1', 'node2', 'node3']) expect([host, await traces(host)]).toEqual([host, '']);
    expect(await stateFile()).toBe(true);
  });

  it('takes the last one away when it is back, and the state with it', async () => {
    // Its agent waits for a cluster that is gone, and the boot for the agent: it is up only once that was taken away.
    const booted = cluster.lab.powerOn('node4');
    await sshAnswers('node4');
    expectExit(await cluster.project.rke2ctl('remove', '--yes'));
    await booted;
    expect(await traces('node4')).toBe('');
    expect(await stateFile()).toBe(false);
  });
});
