import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { mustRun, runCommand } from '../lab/command.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { gateway } from '../lab/network.ts';
import { S3_KEYS, type S3Server, startS3Server } from '../lab/s3-server.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project } from './project.ts';

const SNAPSHOTS = '/var/lib/rancher/rke2/server/db/snapshots';
const CONFIG = '/etc/rancher/rke2/config.yaml';

let lab: Lab;
let project: Project;
let s3: S3Server;
let objects: string;

beforeAll(async () => {
  lab = await createLab({ name: 'snapshots', hosts: 1 });
  project = await makeProject(lab, 'snapshots');
  objects = project.path('objects');
  await mkdir(objects);
  // Small enough to be filled up.
  await mustRun(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', objects]);
  s3 = await startS3Server({
    ...{ directory: project.directory, address: gateway, objects },
    within: ['nsenter', `--net=/run/netns/${lab.namespace}`, '--'],
  });
  project.environment['S3_SECRET_KEY'] = S3_KEYS.secretKey;
  await project.write(clusterFile(lab, [ALL], { services: { etcd: { backup_config: backups({}) } } }));
  expectExit(await project.rke2ctl('up'));
});

afterAll(async () => {
  await s3?.stop();
  await runCommand(['umount', objects]);
  await lab?.destroy();
});

function backups(changes: Readonly<Record<string, unknown>>) {
  return {
    s3backupconfig: {
      endpoint: `${gateway}:${s3.port}`,
      bucket_name: s3.bucket,
      folder: 'lab',
      access_key: S3_KEYS.accessKey,
      secret_key: 'env:S3_SECRET_KEY',
      custom_ca: s3.ca,
      ...changes,
    },
  };
}

interface Listed {
  readonly name: string;
  readonly place: { readonly kind: string };
  readonly whole: boolean | null;
  readonly opens: boolean | null;
  readonly tokenIds: readonly string[] | null;
  readonly version: string | null;
  readonly problem: string | null;
}

const etcd = (...words: string[]) => project.rke2ctl('etcd', ...words);
const sh = (line: string) => lab.exec('node1', ['sh', '-c', line]);

async function list(exitCode = 0, ...flags: string[]) {
  const { stdout, stderr } = expectExit(await etcd('snapshot-list', '-o', 'json', ...flags), exitCode);
  const found = JSON.parse(stdout) as { snapshots: Listed[]; unasked: { place: string; reason: string }[] };
  return { ...found, stderr };
}

async function save(name: string): Promise<string> {
  expectExit(await etcd('snapshot-save', '--name', name, '--yes'));
  const { stdout } = await sh(`ls -t ${SNAPSHOTS} | grep '^${name}-node1-' | head -n 1`);
  return stdout.trim();
}

describe('snapshots', () => {
  it('are saved on a node and in S3, twice by one name, and asked for before', async () => {
    const refused = await etcd('snapshot-save', '--name', 'first');
    expect(refused.stderr).toContain('--yes');
    expect(refused.exitCode).not.toBe(0);
    const first = await save('first');
    const { snapshots, unasked } = await list();
    expect(unasked).toEqual([]);
    const copies = snapshots.filter(({ name }) => name === first);
    expect(copies.map(({ place }) => place.kind).sort()).toEqual(['node', 's3']);
    const [onNode] = copies.filter(({ place }) => place.kind === 'node');
    expect(onNode).toMatchObject({ whole: true, opens: true, problem: null });
    expect(onNode?.version).toMatch(/^v1\.\d+\.\d+\+rke2r\d+$/);
    expect(copies[0]?.tokenIds).toEqual(copies[1]?.tokenIds);
    const second = await save('first');
    expect(second).not.toBe(first);
    const text = expectExit(await etcd('snapshot-list')).stdout;
    expect(text).toMatch(
      new RegExp(`^${second} +disk +node1 +20\\S+ \\S+ +\\S+ \\S+ +v1\\S+ +[0-9a-f]{12} +opens$`, 'm'),
    );
    expect(text).toMatch(new RegExp(`^${second} +S3 +node1 .* not read; the token is known$`, 'm'));
  });

  it('are verified wherever they lie, and downloaded whole', async () => {
    const name = await save('checked');
    const verified = expectExit(await etcd('snapshot-verify', name)).stdout;
    expect(verified).toMatch(
      / on node1: whole .*; opens; token [0-9a-f]{12}; RKE2 v1\S+; \d+ keys, revision \d+$/m,
    );
    expect(verified).toMatch(/ in S3: whole .*; keys not counted$/m);
    const out = project.path('fetched');
    expectExit(await etcd('snapshot-download', name, '--out', out));
    expect((await stat(join(out, name))).mode & 0o777).toBe(0o600);
    expectExit(await etcd('snapshot-verify', join(out, name)));
    expectExit(await etcd('snapshot-download', name, '--out', out), 3);
    await sh(`printf X | dd of=${SNAPSHOTS}/${name} bs=1 seek=9000 conv=notrunc`);
    const damaged = (await list(4)).snapshots.filter((each) => each.name === name);
    expect(damaged.find(({ place }) => place.kind === 'node')).toMatchObject({ whole: false, opens: false });
    expect(expectExit(await etcd('snapshot-verify', name), 4).stdout).toContain('NOT WHOLE');
    await rm(join(out, name));
    const again = expectExit(await etcd('snapshot-download', name, '--out', out, '-o', 'json'));
    expect(JSON.parse(again.stdout)).toMatchObject({ from: 'S3', whole: true, opens: true });
    expect((await etcd('snapshot-verify', 'nobodys-node1-1')).exitCode).toBe(3);
    expectExit(await etcd('snapshot-delete', name, '--yes'));
  });

  it('say in words what S3 refuses, here and on the servers', async () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ secret_key: 'wrong' }, /SignatureDoesNotMatch.*`secret_key`/s],
      [{ bucket_name: 'nobodys' }, /NoSuchBucket.*`bucket_name`/s],
      [{ custom_ca: await otherCa() }, /not trusted.*`custom_ca`/s],
    ];
    for (const [change, words] of cases) {
      const override = { services: { etcd: { backup_config: backups(change as Record<string, unknown>) } } };
      await writeFile(project.path('other.yml'), stringify(override));
      const { unasked, snapshots } = await list(4, '--quick', '-c', 'cluster.yml', '-c', 'other.yml');
      expect(unasked).toEqual([{ place: 'S3', reason: expect.stringMatching(words) }]);
      // The API knows of it all the same.
      expect(snapshots.some(({ place }) => place.kind === 's3')).toBe(true);
    }
    for (const [change, words] of [
      [`s/"${s3.bucket}"/"nobodys"/`, /bucket nobodys does not exist.*`bucket_name`/s],
      ['/etcd-s3-endpoint-ca/d', /x509.*`custom_ca`/s],
    ] as const) {
      await sh(`cp -p ${CONFIG} /root/kept.yaml; sed -i '${change}' ${CONFIG}`);
      const refused = await etcd('snapshot-save', '--name', 'refused', '--yes');
      await sh(`cp -p /root/kept.yaml ${CONFIG}`);
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toMatch(words);
    }
    expect((await list()).snapshots.some(({ name }) => name.startsWith('refused-'))).toBe(false);
  });

  it('that do not fit into S3 lie on the node, and that is said', async () => {
    await runCommand(['dd', 'if=/dev/zero', `of=${join(objects, 'filler')}`, 'bs=1M'], { timeoutMs: 20_000 });
    const saved = await etcd('snapshot-save', '--name', 'full', '--yes');
    await rm(join(objects, 'filler'));
    expectExit(saved);
    expect(saved.stderr).toContain('but not in S3');
    const { snapshots } = await list(0, '--quick');
    const full = snapshots.filter(({ name }) => name.startsWith('full-'));
    expect(full.map(({ place }) => place.kind)).toEqual(['node']);
  });

  it('are pruned and deleted on the node and in S3', async () => {
    const before = (await list(0, '--quick')).snapshots.filter(({ name }) => name.startsWith('first-'));
    expect(before).toHaveLength(4);
    expect((await etcd('snapshot-prune', '--name', 'first', '--keep', '1')).stderr).toContain('--yes');
    expectExit(await etcd('snapshot-prune', '--name', 'first', '--keep', '1', '--yes'));
    const after = (await list(0, '--quick')).snapshots.filter(({ name }) => name.startsWith('first-'));
    expect(after.map(({ name }) => name)).toEqual([before[0]?.name, before[0]?.name]);
    const name = after[0]?.name ?? '';
    expect(expectExit(await etcd('snapshot-delete', name, '--yes')).stdout).toMatch(
      /deleted from (node1, S3|S3, node1)/,
    );
    expect((await list(0, '--quick')).snapshots.some((each) => each.name === name)).toBe(false);
    expectExit(await etcd('snapshot-delete', name, '--yes'), 3);
  });

  it('are listed, fetched and deleted while RKE2 is stopped', async () => {
    await sh('systemctl stop rke2-server; rke2-killall.sh');
    const [full] = (await list()).snapshots.filter(({ name }) => name.startsWith('full-'));
    expect(full).toMatchObject({ whole: true, opens: true });
    expect(expectExit(await etcd('snapshot-verify', full?.name ?? '')).stdout).toContain('keys not counted');
    expectExit(await etcd('snapshot-delete', full?.name ?? '', '--yes'));
    expect((await sh(`ls ${SNAPSHOTS}/full-* 2>/dev/null`)).stdout).toBe('');
  });
});

async function otherCa(): Promise<string> {
  return mustRun([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', '/CN=somebody-else', '-days', '2', '-keyout', '/dev/null'],
  ]);
}
