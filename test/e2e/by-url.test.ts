import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileServer, startFileServer } from '../lab/file-server.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { sentInAll } from './count-traffic.ts';
import { expectExit } from './expect-exit.ts';
import { makeLargeRelease } from './large-release.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const HOSTS = ['node1', 'node2', 'node3'] as const;
const BUNDLE_NAME = 'rke2-images.linux-amd64.tar.zst';
const BUNDLE = `/var/lib/rancher/rke2/agent/images/${BUNDLE_NAME}`;
const COPY_BYTES = 40 << 20;
const LOGIN = 'somebody:hunter2-of-the-mirror';

let lab: Lab;
let project: Project;
let server: FileServer;
let release: string;
let hash: string;

beforeAll(async () => {
  lab = await createLab({ name: 'by-url', hosts: HOSTS.length });
  project = await makeProject(lab, 'by-url');
  release = join(project.directory, 'release');
  hash = await makeLargeRelease(lab, release, COPY_BYTES);
  server = await startFileServer(lab, { directory: release, login: LOGIN });
  project.environment['MIRROR_LOGIN'] = LOGIN;
});

afterAll(async () => {
  await server?.stop();
  await lab?.destroy();
});

const sh = async (host: string, line: string) => (await lab.exec(host, ['sh', '-c', line])).stdout.trim();
const verified = (host: string) => sh(host, `sha256sum ${BUNDLE} | cut -d ' ' -f 1`);

async function writeCluster(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const list = await readFile(join(release, 'sha256sum-amd64.txt'));
  const sum = createHash('sha256').update(list).digest('hex');
  await project.write(
    clusterFile(lab, [SERVER, WORKER, WORKER], {
      kubernetes_version: 'v1.35.7+rke2r1',
      install: {
        artifacts: `${server.url}/{version}?sig=a`,
        checksums: { amd64: sum },
        login: 'env:MIRROR_LOGIN',
      },
      ...more,
    }),
  );
}

describe('a release at a URL', () => {
  it('is missed by `check` on the host that does not reach it', async () => {
    await writeCluster();
    await sh(
      'node3',
      `nft add table inet away; nft 'add chain inet away out { type filter hook output priority 0; }'; nft add rule inet away out tcp dport ${server.port} reject`,
    );
    const { stdout, stderr } = expectExit(await project.rke2ctl('check'));
    expect(`${stdout}${stderr}`).toMatch(/artifacts-url-unreached/);
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
  });

  it('is thrown away where it is not what its list says, and its URL is named', async () => {
    const bundle = join(release, BUNDLE_NAME);
    await copyFile(bundle, `${bundle}.right`);
    const bytes = await readFile(bundle);
    bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] ?? 0) ^ 1;
    await writeFile(bundle, bytes);
    const { exitCode, stderr } = await project.rke2ctl('up');
    await copyFile(`${bundle}.right`, bundle);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('does not have the SHA-256');
    expect(stderr.replaceAll(/\s+/g, '')).toContain(`${server.url}/v1.35.7%2Brke2r1/${BUNDLE_NAME}`);
    for (const host of HOSTS) expect(await sh(host, `ls ${BUNDLE} 2>/dev/null`)).toBe('');
  });

  it('is fetched by the hosts, resumed where it was cut, and comes from them to the one behind a firewall', async () => {
    server.requests.length = 0;
    server.cutNext(BUNDLE_NAME, 15 << 20);
    const { stdout, stderr } = expectExit(await project.rke2ctl('up', '--trace', 'trace.json'));
    expect(`${stdout}${stderr}`).toContain('artifacts-url-unreached');
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
    for (const host of HOSTS) expect(await verified(host)).toBe(hash);
    expect(await sentInAll(project.path('trace.json'))).toBeLessThan(5 << 20);
    const bundles = server.requests.filter(
      ({ path, method }) => method === 'GET' && path.endsWith(BUNDLE_NAME),
    );
    expect(bundles.some(({ start }) => start > 1 << 20)).toBe(true);
    expect(bundles.every(({ path }) => path.startsWith('/v1.35.7+rke2r1/'))).toBe(true);
    expect(await sh('node3', 'ls -d /run/rke2ctl-* 2>/dev/null')).toBe('');
    const kept = await project.read('cluster.rkestate');
    expect(kept).not.toContain('hunter2');
    expect(kept).not.toContain('sig=a');
  });

  it('is asked for nothing when there is nothing to do', async () => {
    server.requests.length = 0;
    expectExit(await project.rke2ctl('plan'), 0);
    expect(server.requests).toEqual([]);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('comes by way of this machine where no host reaches it', async () => {
    for (const host of HOSTS.slice(0, 2))
      await sh(
        host,
        `nft add table inet away; nft 'add chain inet away out { type filter hook output priority 0; }'; nft add rule inet away out tcp dport ${server.port} reject`,
      );
    server.requests.length = 0;
    const { stdout } = expectExit(await project.rke2ctl('plan', '--output', 'json'), 2);
    expect(stdout).toContain(`"from":"${server.url}/v1.35.7%2Brke2r1"`);
    expect(stdout).not.toContain('sig=a');
    expectExit(await project.rke2ctl('up'));
    for (const host of HOSTS) expect(await verified(host)).toBe(hash);
    const bundles = server.requests.filter(
      ({ path, method }) => method === 'GET' && path.endsWith(BUNDLE_NAME),
    );
    expect(bundles).toHaveLength(1);
  });
});
