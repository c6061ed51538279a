import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

const DONE = 'Managed etcd cluster membership has been reset, restart without --cluster-reset flag now.';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-recovery', 2));
  await rke2.configure('node1', { token: TOKEN, cni: 'canal' });
  await rke2.configure('node2', { token: TOKEN, server: SERVER });
  for (const host of lab.hosts) expect(await rke2.start(host.name, 'server')).toBe(0);
  // A service is READY before its kubelet has made the Node, which the snapshot is to have.
  await vi.waitFor(
    async () => expect(await rke2.kubectl('node1', 'get nodes -o name')).toBe('node/node1\nnode/node2'),
    { timeout: 30_000, interval: 500 },
  );
});

afterAll(async () => {
  await lab?.destroy();
});

const run = (command: string, host = 'node1') => lab.exec(host, ['sh', '-c', command], { timeoutMs: 90_000 });
const names = async (): Promise<string[]> =>
  (await rke2.sh('node1', `ls ${DATA}/server/db/snapshots`)).split('\n').filter(Boolean);

describe('etcd-snapshot', () => {
  test('save says so on stderr, writes nothing to stdout, and leaves a whole snapshot', async () => {
    const result = await run('rke2 etcd-snapshot save --name before');
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain('Unknown flag --cni found in config.yaml, skipping');
    const [name = ''] = await names();
    expect(result.stderr).toContain(`level=info msg="Snapshot ${name} saved."`);
    expect(name).toMatch(/^before-node1-\d{10}$/);
    expect(await rke2.sh('node1', `stat -c %a ${DATA}/server/db/snapshots/${name}`)).toBe('600');
    const check = `f=${DATA}/server/db/snapshots/${name}; s=$(stat -c %s $f); echo $((s % 512)); head -c -32 $f | sha256sum | cut -c1-64; tail -c 32 $f | od -An -v -tx1 | tr -d ' \\n'`;
    const [rest, sum, recorded] = (await rke2.sh('node1', check)).split('\n');
    expect(rest).toBe('32');
    expect(sum).toBe(recorded);
  });

  test('ls writes a table or JSON to stdout, of this server alone; the API has records of all', async () => {
    await rke2.sh('node2', 'rke2 etcd-snapshot save --name other');
    const [name] = await names();
    const table = (await run('rke2 etcd-snapshot ls')).stdout.split('\n');
    expect(table[0]).toMatch(/^Name +Location +Size +Created$/);
    expect(table[1]).toMatch(
      new RegExp(
        `^${name} +file://${DATA}/server/db/snapshots/${name} +\\d+ \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$`,
      ),
    );
    const list = JSON.parse((await run('rke2 etcd-snapshot ls -o json')).stdout);
    expect(list.kind).toBe('ETCDSnapshotFileList');
    expect(list.items.map((item: { spec: { nodeName: string } }) => item.spec.nodeName)).toEqual(['node1']);
    expect(list.items[0]).toMatchObject({ spec: { snapshotName: name }, status: { readyToUse: true } });
    expect((await run('rke2 etcd-snapshot ls -o xml')).stderr).toContain(
      'level=fatal msg="Error: invalid output format: xml"',
    );
    const records = await rke2.kubectl('node1', 'get etcdsnapshotfiles -o name');
    expect(records).toContain(`local-${name}-`);
    expect(records).toContain('local-other-node2-');
  });

  test('delete tells what it found, prune keeps the newest of a prefix', async () => {
    for (const _ of [1, 2, 3]) await rke2.sh('node1', 'rke2 etcd-snapshot save --name daily; sleep 1.1');
    const pruned = await run('rke2 etcd-snapshot prune --name daily --snapshot-retention 2');
    expect(pruned.stderr.match(/Snapshot daily-node1-\d+ deleted\./g)).toHaveLength(1);
    const [first = ''] = (await names()).filter((name) => name.startsWith('daily'));
    const removed = await run(`rke2 etcd-snapshot delete ${first} nothing`);
    expect(removed.exitCode).toBe(0);
    expect(removed.stderr).toContain(`level=info msg="Snapshot ${first} deleted."`);
    expect(removed.stderr).toContain('level=warning msg="Snapshot nothing not found."');
    expect((await names()).filter((name) => name.startsWith('daily'))).toHaveLength(1);
    expect((await run('rke2 etcd-snapshot delete')).stderr).toContain(
      'Error: no snapshots given for removal',
    );
    expect((await run('rke2 etcd-snapshot save stray')).exitCode).toBe(1);
  });
});

describe('cluster-reset', () => {
  const reset = (flags = '', host = 'node1') => run(`rke2 server --cluster-reset ${flags}`, host);
  const restorePath = async (): Promise<string> =>
    `${DATA}/server/db/snapshots/${(await names()).find((name) => name.startsWith('before'))}`;

  test('is refused while the service runs, with a server URL, and for a snapshot that is not there', async () => {
    expect((await reset()).stderr).toContain('listen tcp :9345: bind: address already in use');
    expect((await reset('', 'node2')).stderr).toContain(
      'cannot perform cluster-reset while server URL is set - remove server from configuration before resetting',
    );
    await rke2.kubectl('node1', 'create configmap after-the-snapshot');
    for (const host of ['node1', 'node2']) await rke2.sh(host, 'systemctl stop rke2-server');
    expect((await reset('--cluster-reset-restore-path=/nowhere')).stderr).toContain(
      'etcd: snapshot path does not exist: /nowhere',
    );
  });

  test('a zipped snapshot given by its path is looked for in the wrong place', async () => {
    await rke2.sh('node1', `cp ${await restorePath()} ${DATA}/server/db/snapshots/z.zip`);
    const result = await reset(`--cluster-reset-restore-path=${DATA}/server/db/snapshots/z.zip`);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(
      `open ${DATA}/server/db/snapshots${DATA}/server/db/snapshots/z.zip: no such file or directory`,
    );
    await rke2.sh('node1', `rm ${DATA}/server/db/snapshots/z.zip`);
  });

  test('a restore with another token than the snapshot’s fails', async () => {
    await rke2.sh('node1', `cp -a ${DATA}/server /root/server-before`);
    const result = await reset(`--token=another --cluster-reset-restore-path=${await restorePath()}`);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('bootstrap data already found and encrypted with different token');
    await rke2.sh('node1', `rm -rf ${DATA}/server; mv /root/server-before ${DATA}/server`);
  });

  test('restores: exit 0 and an error line that is none; the old database is moved aside', async () => {
    const result = await reset(`--cluster-reset-restore-path=${await restorePath()}`);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(
      /level=error msg="Shutdown request received: \\"Managed etcd cluster membership has been reset/,
    );
    expect(result.stderr).toContain(DONE);
    expect(await rke2.sh('node1', `ls ${DATA}/server; ls ${DATA}/server/db`)).toMatch(
      /tls-\d{10}[\s\S]*etcd-old-\d{10}[\s\S]*reset-flag/,
    );
    const again = await reset();
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(`${DATA}/server/db/reset-flag`);
  });

  test('the cluster is that of the snapshot, with one member; a peer without its database joins again', async () => {
    expect(await rke2.start('node1', 'server')).toBe(0);
    await expect.poll(async () => (await rke2.members('node1')).voters, { timeout: 30_000 }).toHaveLength(1);
    expect(
      await run(
        'KUBECONFIG=/etc/rancher/rke2/rke2.yaml /var/lib/rancher/rke2/bin/kubectl get configmap after-the-snapshot',
      ),
    ).toMatchObject({ exitCode: 1 });
    expect(await rke2.kubectl('node1', 'get nodes -o name')).toBe('node/node1\nnode/node2');
    await rke2.sh('node2', `rm -rf ${DATA}/server/db`);
    expect(await rke2.start('node2', 'server')).toBe(0);
    await expect.poll(async () => (await rke2.members('node1')).voters, { timeout: 30_000 }).toHaveLength(2);
    expect(await rke2.sh('node1', `test -e ${DATA}/server/db/reset-flag || echo gone`)).toBe('gone');
  });

  test('without a snapshot it makes the one server the only member after the others are lost', async () => {
    await rke2.sh('node2', 'rke2-killall.sh >/dev/null 2>&1');
    await rke2.sh('node1', 'systemctl stop rke2-server');
    expect(await reset()).toMatchObject({ exitCode: 0 });
    expect(await rke2.start('node1', 'server')).toBe(0);
    expect((await rke2.members('node1')).voters.map((name) => name.slice(0, 5))).toEqual(['node1']);
  });
});
