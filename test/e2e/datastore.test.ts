import { copyFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExternalEtcd, startExternalEtcd } from '../lab/external-etcd.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { readIdentity, readyNodes } from './cluster-identity.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, WORKER } from './project.ts';

const ROLES = [['controlplane'], ['controlplane', 'worker'], WORKER];
const OWN = '/etc/rancher/rke2/rke2ctl';

describe('a cluster on a real etcd outside of it, with client certificates', () => {
  let lab: Lab;
  let etcd: ExternalEtcd;
  let project: Project;
  const sh = async (host: string, command: string): Promise<string> =>
    expectExit(await lab.exec(host, ['sh', '-c', command])).stdout;

  beforeAll(async () => {
    lab = await createLab({ name: 'datastore', hosts: 3 });
    etcd = await startExternalEtcd(lab);
    project = await makeProject(lab, 'datastore');
    await copyFile(etcd.ca, project.path('ca.crt'));
    await copyFile(etcd.cert, project.path('client.crt'));
    await copyFile(etcd.key, project.path('client.key'));
    await copyFile(etcd.cert, project.path('other-ca.crt'));
  });
  afterAll(() => lab?.destroy());

  const writeFile = (ca: string): Promise<void> => {
    const datastore = { endpoint: etcd.endpoint, ca, cert: 'client.crt', key: 'client.key' };
    return project.write(clusterFile(lab, ROLES, { datastore }));
  };

  it('says at once when the datastore is not who it should be', async () => {
    await writeFile('other-ca.crt');
    const started = Date.now();
    const refused = await project.rke2ctl('up');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/TLS with the datastore at \S+:2379 fails: .*unknown authority/);
    expect(Date.now() - started).toBeLessThan(120_000);
    await writeFile('ca.crt');
  });

  it('comes up with no etcd node once the file is mended', async () => {
    const { stderr } = expectExit(await project.rke2ctl('up'));
    expect(stderr).not.toMatch(/\[etcd-/);
    const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
    expect(stdout.split('\n').map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual([
      'node1 Ready control-plane',
      'node2 Ready control-plane',
      'node3 Ready <none>',
    ]);
  });

  it('keeps everything in the datastore: the API’s objects, and its certificates under the token', async () => {
    const keys = await etcd.keys();
    expect(keys).toContain('/registry/minions/node3');
    // The stand-in's API servers keep short-lived leases of their own.
    expect(keys.filter((key) => !/^\/(registry|rke2-standin)\//.test(key))).toEqual([
      expect.stringMatching(/^\/bootstrap\/[0-9a-f]{12}$/),
    ]);
    const { stdout } = await etcd.etcdctl('get', '/bootstrap/', '--prefix', '--print-value-only');
    expect(stdout).toMatch(/^[0-9a-f]{16}:[\w+/=]+$/);
    for (const host of ['node1', 'node2', 'node3']) {
      expect(await sh(host, 'ss -Hltn | grep -E ":(2379|2380|2381) " || true')).toBe('');
      expect(await sh(host, 'firewall-cmd --list-all')).not.toMatch(/port="23(79|80)"/);
    }
    const ask = 'KUBECONFIG=/etc/rancher/rke2/rke2.yaml /var/lib/rancher/rke2/bin/kubectl get nodes -o name';
    expect(await sh('node2', ask)).toContain('node/node1');
  });

  it('tells the servers where it is, and workers nothing', async () => {
    for (const host of ['node1', 'node2']) {
      const config = await sh(host, 'cat /etc/rancher/rke2/config.yaml');
      expect(config).toContain(etcd.endpoint);
      expect(config).not.toContain('disable-etcd');
      expect(
        await sh(
          host,
          `stat -c '%a %U' $(sed -n 's/^datastore-keyfile: "\\(.*\\)"/\\1/p' /etc/rancher/rke2/config.yaml)`,
        ),
      ).toBe('600 root');
    }
    expect(await sh('node3', 'cat /etc/rancher/rke2/config.yaml')).not.toContain('datastore');
    expect(await sh('node3', `ls ${OWN} 2>/dev/null | grep -i datastore || true`)).toBe('');
  });

  it('has nothing more to do', async () => {
    expectExit(await project.rke2ctl('plan'), 0);
    expect(expectExit(await project.rke2ctl('up')).stdout).toContain('Nothing to do');
  });

  it('brings a server back that was killed, even the one that made the cluster', async () => {
    const before = await readIdentity(lab, project, 'node1');
    await sh('node1', '/usr/local/bin/rke2-killall.sh >/dev/null 2>&1');
    expectExit(await project.rke2ctl('up'));
    expect(await readIdentity(lab, project, 'node1')).toEqual(before);
    await expect.poll(() => readyNodes(project), { timeout: 15_000 }).toEqual(['node1', 'node2', 'node3']);
  });

  it('is known again from its hosts when the state is lost', async () => {
    const before = JSON.parse(await project.read('cluster.rkestate')) as { readonly bootstrapNodeId: string };
    await rm(project.path('cluster.rkestate'));
    expectExit(await project.rke2ctl('state', 'rebuild'));
    expect(JSON.parse(await project.read('cluster.rkestate'))).toMatchObject({
      bootstrapNodeId: before.bootstrapNodeId,
    });
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('has no snapshots to keep, and says why', async () => {
    const refused = await project.rke2ctl('remove', '--yes', '--keep-snapshots', project.path('snapshots'));
    expectExit(refused, 3);
    expect(refused.stderr).toContain('its data lie in an external datastore');
    expect((await lab.exec('node1', ['/usr/local/bin/rke2', 'etcd-snapshot', 'save'])).stderr).toContain(
      'see server log for details: etcd datastore disabled',
    );
  });

  it('goes away from its hosts, and says what stays in the datastore', async () => {
    const { stderr } = expectExit(await project.rke2ctl('remove', '--yes'));
    expect(stderr).toContain('[datastore-left]');
    expect(stderr).toContain('/bootstrap/');
    expect(await sh('node1', 'ls /etc/rancher /var/lib/rancher 2>&1 || true')).not.toContain('rke2');
    expect(await etcd.keys()).toContain('/registry/minions/node3');
  });

  it('lets nobody start on the data of another cluster, until they are deleted as the words say', async () => {
    const refused = await project.rke2ctl('up', '--timeout', '60s');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('another server token');
    expect(refused.stderr).toContain('/registry/ and /bootstrap/');
    for (const prefix of ['/registry/', '/bootstrap/'])
      expectExit(await etcd.etcdctl('del', '--prefix', prefix));
    expectExit(await project.rke2ctl('up'));
    await expect.poll(() => readyNodes(project), { timeout: 15_000 }).toEqual(['node1', 'node2', 'node3']);
  });
});
