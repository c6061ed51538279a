import { access, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecResult } from '../lab/command.ts';
import { type ClusterIdentity, readyNodes } from './cluster-identity.ts';
import { expectExit } from './expect-exit.ts';
import { createFaultCluster, type FaultCluster } from './fault-cluster.ts';
import { runUntil } from './run-until.ts';

let cluster: FaultCluster;
let identity: ClusterIdentity;

beforeAll(async () => {
  cluster = await createFaultCluster('faults', 5);
});

afterAll(() => cluster?.lab.destroy());

const up = (...flags: string[]) => cluster.project.rke2ctl('up', ...flags);
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** What RKE2 or rke2ctl have put on a host. */
const traces = (host: string) =>
  cluster.sh(host, 'ls -d /etc/rancher /usr/local/bin/rke2 /var/lib/rancher/rke2 2>/dev/null || true');

describe('hosts that are not fit', () => {
  beforeAll(() => cluster.writeFileOf('node1', 'node3', 'node4'));

  /** A run that a look at the hosts has ended: nothing is anywhere, and the error says so. */
  async function expectNothingChanged(result: ExecResult, exitCode: number): Promise<string> {
    expectExit(result, exitCode);
    for (const host of ['node1', 'node3', 'node4']) expect([host, await traces(host)]).toEqual([host, '']);
    expect(await exists(cluster.project.path('cluster.rkestate'))).toBe(false);
    return result.stderr;
  }

  it('a wrong sudo password: said for each host, tried once, and not shown', async () => {
    const { environment, path } = cluster.project;
    const right = environment['RKE2CTL_SUDO_PASSWORD_FILE'] ?? '';
    await writeFile(path('wrong-password'), 'open-sesame-4711\n', { mode: 0o600 });
    environment['RKE2CTL_SUDO_PASSWORD_FILE'] = path('wrong-password');
    const said = await expectNothingChanged(await up(), 4);
    for (const host of ['node1', 'node3', 'node4']) {
      expect(said).toContain(`sudo on ops@${cluster.address(host)}:22 refused the password`);
      expect(await cluster.sh(host, "journalctl -q -t sudo | grep -c 'authentication failure'")).toBe('1');
    }
    expect(said).toContain('RKE2CTL_SUDO_PASSWORD_FILE');
    expect(said).toContain('Nothing was done');
    expect(said).not.toContain('open-sesame');
    environment['RKE2CTL_SUDO_PASSWORD_FILE'] = right;
  });

  it('a port that is taken: named with the program and its process', async () => {
    await cluster.lab.fault('node1', 'port-taken', '6443');
    const pid = await cluster.sh('node1', 'systemctl show -p MainPID --value port-taken-6443');
    const said = await expectNothingChanged(await up(), 1);
    expect(said).toMatch(/^node1\n {2}error: /m);
    expect(said).toContain(`Port 6443/tcp (Kubernetes API) is taken by python3 (${pid})`);
    expect(said).toContain('ss -lntup sport = :6443');
    expect(said).toContain('nothing was changed');
    await cluster.lab.heal('node1');
  });

  it('a clock that is off by ten seconds: the host is named', async () => {
    await cluster.lab.fault('node3', 'clock', '+10s');
    const said = await expectNothingChanged(await up(), 1);
    expect(said).toMatch(/^node3\n {2}error: The clock is (9\.\d|10\.\d) s ahead of the other hosts/m);
    expect(said).toContain('timedatectl set-ntp true');
    await cluster.lab.heal('node3');
  });
});

describe('ports closed between hosts by something on the way', () => {
  it('named with from, to, port and purpose before anything starts', async () => {
    await cluster.writeFileOf('node1', 'node2', 'node4');
    await cluster.lab.fault('node2', 'drop-port', '2380');
    await cluster.lab.fault('node4', 'drop-port', '8472/udp');
    const { stderr } = expectExit(await up(), 1);
    const [one, two, four] = ['node1', 'node2', 'node4'].map((host) => `${cluster.address(host)}:22`);
    expect(stderr).toContain(`${one} → ${two} 2380/tcp (etcd peer)`);
    expect(stderr).toContain(`${one} → ${four} 8472/udp (Canal VXLAN)`);
    expect(stderr).toContain(`${two} → ${four} 8472/udp (Canal VXLAN)`);
    expect(stderr).toContain('3 ports that RKE2 needs between the nodes are closed; nothing was started');
    expect(stderr).toContain('--ignore-check ports');
    expect(await cluster.sh('node1', 'systemctl is-active rke2-server || true')).toBe('inactive');
    await cluster.lab.heal('node2');
    await cluster.lab.heal('node4');
  });
});

describe('a worker that loses power while it is installed', () => {
  it('is told as lost from sight, and the others are served', async () => {
    await cluster.writeFileOf('node1', 'node3', 'node4');
    const run = await runUntil(cluster.project, ['up'], /node3: install RKE2/, () =>
      cluster.lab.powerOff('node3'),
    );
    expect(run.happened).toBe(true);
    const { stderr, stdout } = expectExit(run, 4);
    expect(stderr).toMatch(/✗ node3: install RKE2 \S+: lost sight of after/);
    expect(stderr).toMatch(
      /The connection to ops@198\.18\.1\.3:22 was lost .*: Unpacking RKE2\. Whether it took effect is unknown\./,
    );
    expect(stderr).toContain('Run the same command again: it looks at what the host has');
    expect(stdout).toMatch(/^node3 +worker +unknown/m);
    expect(stdout).toMatch(/^node4 +worker +done/m);
    await expect.poll(() => readyNodes(cluster.project), { timeout: 15_000 }).toEqual(['node1', 'node4']);
    identity = await cluster.identity();
    expect(identity.ca).not.toBeNull();
  });

  it('joins with a plain `up` once it is back, while other runs are kept out by name', async () => {
    await cluster.lab.powerOn('node3');
    const colleague = await cluster.colleague();
    const others: ExecResult[] = [];
    let holder = 0;
    const run = await runUntil(cluster.project, ['up'], /node3: (install|open)/, async (pid) => {
      holder = pid;
      others.push(...(await Promise.all([up(), colleague.rke2ctl('up')])));
    });
    expectExit(run);
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4']);
    expect(await cluster.identity()).toEqual(identity);
    const [here, elsewhere] = others.map((other) => expectExit(other, 5).stderr);
    expect(here).toContain(
      `This cluster is locked by root@${hostname()} (pid ${holder}): \`rke2ctl up\`, since`,
    );
    expect(elsewhere).toContain(`is locked by root@${hostname()} (pid ${holder}), up since`);
    expect(elsewhere).toContain('Nothing was changed there');
    expect(await exists(colleague.path('cluster.rkestate'))).toBe(false);
  });
});

describe('a worker with a full disk', () => {
  it('is found before anything is sent', async () => {
    await cluster.writeFileOf('node1', 'node3', 'node4', 'node5');
    await cluster.lab.fault('node5', 'full-disk', '300k');
    const { stderr } = expectExit(await up(), 1);
    expect(stderr).toMatch(
      /^node5\n {2}error: \/var\/lib\/rancher has .* free, and .* will be needed there/m,
    );
    expect(stderr).toContain('nothing was changed');
  });

  it('told to go on it fails alone, with the file that found no room', async () => {
    const { stderr, stdout } = expectExit(await up('--ignore-check', 'disk-space'), 4);
    expect(stderr).toMatch(/There is no room on ops@198\.18\.1\.5:22 for \/var\/lib\/rancher\/rke2\/\S+/);
    expect(stderr).toContain('Make room on that file system');
    expect(stdout).toMatch(/^node5 +worker +failed/m);
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4']);
    expect(await cluster.sh('node5', "find /var/lib/rancher -name '*rke2ctl-part'")).toBe('');
  });

  it('Ctrl-C finishes what is in hand, and the next `up` goes on from there', async () => {
    await cluster.lab.heal('node5');
    const run = await runUntil(cluster.project, ['up'], /node5: install RKE2/, (pid) =>
      process.kill(pid, 'SIGINT'),
    );
    const { stderr, stdout } = expectExit(run, 130);
    expect(stderr).toContain('Finishing what is in hand');
    expect(stderr).toMatch(/node5: install RKE2 \S+: done/);
    expect(stderr).not.toMatch(/node5: (open|write|join)/);
    expect(stdout).toContain('Run the same command again to go on from here');
    const { stderr: next } = expectExit(await up());
    expect(next).not.toMatch(/node5: (stage|install)/);
    await expect
      .poll(() => readyNodes(cluster.project), { timeout: 15_000 })
      .toEqual(['node1', 'node3', 'node4', 'node5']);
    expect(await cluster.identity()).toEqual(identity);
  });
});
