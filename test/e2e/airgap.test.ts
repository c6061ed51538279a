import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project } from './project.ts';

let lab: Lab;
let project: Project;

beforeAll(async () => {
  lab = await createLab({ name: 'airgap', hosts: 1 });
  project = await makeProject(lab, 'airgap');
});
afterAll(() => lab?.destroy());

const sh = async (line: string) => (await lab.exec('node1', ['sh', '-c', line])).stdout.trim();
const untouched = async () =>
  expect(await sh('ls -d /etc/rancher /var/lib/rancher /usr/local/bin/rke2 2>/dev/null')).toBe('');

/** A directory with the release's files whose names `keep` lets through. */
async function releaseWith(name: string, keep: (file: string) => boolean): Promise<string> {
  const directory = join(project.directory, name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  for (const file of await readdir(lab.artifacts)) {
    if (keep(file)) await cp(join(lab.artifacts, file), join(directory, file));
  }
  return directory;
}

const isBase = (file: string) =>
  file === 'rke2.linux-amd64.tar.gz' ||
  file === 'sha256sum-amd64.txt' ||
  file === 'rke2-images.linux-amd64.txt';

describe('install from an artifact directory', () => {
  beforeEach(() => lab.heal('node1'));

  it('names a missing bundle, and sends nothing', async () => {
    const artifacts = await releaseWith(
      'no-canal',
      (file) => isBase(file) || file.startsWith('rke2-images-core.'),
    );
    await project.write(clusterFile(lab, [ALL], { install: { artifacts } }));
    const { stderr } = expectExit(await project.rke2ctl('up'), 1);
    expect(stderr).toContain('rke2-images-canal.linux-amd64.tar.zst');
    await untouched();
  });

  it('names a file that is not what its checksum says, and sends nothing', async () => {
    const artifacts = await releaseWith(
      'damaged',
      (file) => isBase(file) || file === 'rke2-images.linux-amd64.tar.zst',
    );
    const bundle = join(artifacts, 'rke2-images.linux-amd64.tar.zst');
    const bytes = await readFile(bundle);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(bundle, bytes);
    await project.write(clusterFile(lab, [ALL], { install: { artifacts } }));
    const { stderr } = expectExit(await project.rke2ctl('up'), 1);
    expect(stderr).toContain('rke2-images.linux-amd64.tar.zst');
    await untouched();
  });

  it('goes to /opt/rke2 where /usr/local is read-only', async () => {
    await lab.fault('node1', 'readonly-usr-local');
    await project.write(clusterFile(lab, [ALL]));
    expectExit(await project.rke2ctl('up'));
    expect(await sh('ls /opt/rke2/bin/rke2')).toBe('/opt/rke2/bin/rke2');
    expect(await sh('systemctl show -p ExecStart rke2-server')).toContain('/opt/rke2/bin/rke2');
    expectExit(await project.rke2ctl('plan'), 0);
    expectExit(await project.rke2ctl('remove', '--yes'));
    expect(await sh('ls /opt/rke2 2>/dev/null')).toBe('');
  });

  it('takes core and Cilium from split bundles, and nothing of Canal is anywhere afterwards', async () => {
    const artifacts = await releaseWith(
      'cilium',
      (file) => isBase(file) || /^rke2-images-(core|cilium)\./.test(file),
    );
    await project.write(clusterFile(lab, [ALL], { install: { artifacts }, network: { plugin: 'cilium' } }));
    expectExit(await project.rke2ctl('up'));
    expect(await sh('ls /var/lib/rancher/rke2/agent/images')).toBe(
      'rke2-images-cilium.linux-amd64.tar.zst\nrke2-images-core.linux-amd64.tar.zst',
    );
    expect(
      await sh(
        'grep -rli canal /etc/rancher /var/lib/rancher/rke2/server/manifests /var/lib/rancher/rke2/agent/images 2>/dev/null',
      ),
    ).toBe('');
    expect(await sh('firewall-cmd --list-rich-rules')).toContain('port="4240"');
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('needs no bundle where a registry of the file supplies the images', async () => {
    const artifacts = await releaseWith('bare', isBase);
    // A registry that answers: the stand-in asks it for nothing more than that.
    const registry = await lab.exec('node1', [
      'systemd-run',
      '--unit=registry',
      '/usr/lib/rke2-standin/bin/node',
      '-e',
      'require("http").createServer((q,r)=>r.end("{}")).listen(5000,"127.0.0.1")',
    ]);
    expectExit(registry);
    await project.write(
      clusterFile(lab, [ALL], {
        install: { artifacts },
        private_registries: [{ url: 'http://127.0.0.1:5000', is_default: true }],
      }),
    );
    expectExit(await project.rke2ctl('up'));
    expect(await sh('ls /var/lib/rancher/rke2/agent/images 2>/dev/null | grep -v txt')).toBe('');
    expect(await sh('cat /etc/rancher/rke2/config.yaml')).toContain(
      'system-default-registry: "127.0.0.1:5000"',
    );
    expectExit(await project.rke2ctl('remove', '--yes'));
    await lab.exec('node1', ['systemctl', 'stop', 'registry']);
  });

  it('completes an upload that was cut at half, without sending that half again', async () => {
    const artifacts = await releaseWith(
      'large',
      (file) => isBase(file) || file === 'rke2-images.linux-amd64.tar.zst',
    );
    // A bundle of some size: what comes after the archive's end does not matter to those who read it.
    const bundle = join(artifacts, 'rke2-images.linux-amd64.tar.zst');
    const { createHash, randomBytes } = await import('node:crypto');
    const skippable = Buffer.alloc(8);
    skippable.writeUInt32LE(0x184d2a50, 0);
    skippable.writeUInt32LE(40 << 20, 4);
    const content = Buffer.concat([await readFile(bundle), skippable, randomBytes(40 << 20)]);
    await writeFile(bundle, content);
    const sums = join(artifacts, 'sha256sum-amd64.txt');
    const hash = createHash('sha256').update(content).digest('hex');
    const text = await readFile(sums, 'utf8');
    await writeFile(sums, text.replace(/^\S+(?= +rke2-images\.linux-amd64\.tar\.zst$)/m, hash));
    await project.write(clusterFile(lab, [ALL], { install: { artifacts } }));
    await lab.fault('node1', 'slow', '100mbit');
    const cut = project.spawn('up', '--output', 'json');
    await new Promise<void>((resolve) => {
      cut.stdout?.on('data', (chunk: Buffer) => {
        const fractions = [...chunk.toString().matchAll(/"fraction":([\d.]+)/g)].map((match) =>
          Number(match[1]),
        );
        if (fractions.some((fraction) => fraction > 0.5)) resolve();
      });
      void cut.then(() => resolve());
    });
    cut.kill('SIGKILL');
    await cut;
    expect(
      await sh('ls /var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst 2>/dev/null'),
    ).toBe('');
    await lab.heal('node1');
    const received = async () => Number(await sh('cat /sys/class/net/host0/statistics/rx_bytes'));
    const before = await received();
    expectExit(await project.rke2ctl('up'));
    expect((await received()) - before).toBeLessThan(30 << 20);
    expect(
      await sh('sha256sum /var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst'),
    ).toContain(hash);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });
});

describe('install by the official script', () => {
  /** Serves install.sh, channels and releases as the official places do, on the controller's side of the lab. */
  let server: Awaited<ReturnType<typeof serveRelease>>;
  beforeAll(async () => {
    server = await serveRelease(lab);
  });
  afterAll(() => server?.close());

  const viaMirror = (more: Readonly<Record<string, unknown>> = {}) =>
    clusterFile(lab, [ALL], {
      install: { method: 'script', mirror: server.url, channel: 'stable' },
      private_registries: [{ url: server.registry, is_default: true }],
      ...more,
    });

  it('asks the channel once and pins what it said', async () => {
    await project.write(viaMirror());
    expectExit(await project.rke2ctl('up'));
    expect(await sh('/usr/local/bin/rke2 --version')).toContain('v1.35.7+rke2r1');
    expect(JSON.parse(await project.read('cluster.rkestate'))).toMatchObject({ version: 'v1.35.7+rke2r1' });
    server.requests.length = 0;
    expectExit(await project.rke2ctl('plan'), 0);
    expect(server.requests.filter((path) => path.includes('/channels/'))).toEqual([]);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('takes the version of the file, and the script from the operator', async () => {
    await project.write(
      viaMirror({
        kubernetes_version: 'v1.35.7+rke2r1',
        install: { method: 'script', mirror: server.url, fetch: 'operator' },
      }),
    );
    expectExit(await project.rke2ctl('up'));
    expectExit(await project.rke2ctl('remove', '--yes'));
  });

  it('says in words that a version is not there', async () => {
    await project.write(viaMirror({ kubernetes_version: 'v1.35.99+rke2r1' }));
    const { stderr } = await project.rke2ctl('up');
    expect(stderr).toMatch(/exit code 22/);
    expect(stderr).toMatch(/no such version/);
    expectExit(await project.rke2ctl('remove', '--yes'));
  });
});

/** A web server in the lab's network, run by this machine's Node there. */
async function serveRelease(of: Lab) {
  const requests: string[] = [];
  const program = `
    const { createServer } = require('http'); const { createReadStream, existsSync } = require('fs'); const { join } = require('path');
    createServer((request, response) => {
      const path = decodeURIComponent(request.url); console.log(path);
      const channel = /^\\/v1-release\\/channels\\/(\\w+)$/.exec(path);
      if (channel) { response.writeHead(302, { location: '/releases/tag/v1.35.7+rke2r1' }).end(); return; }
      if (path.startsWith('/v2/') || path.startsWith('/releases/tag/')) { response.end('{}'); return; }
      const file = path === '/install.sh' ? 'install.sh' : (/^\\/releases\\/download\\/v1\\.35\\.7\\+rke2r1\\/([^/]+)$/.exec(path) ?? [])[1];
      const full = file && join(${JSON.stringify(of.artifacts)}, file);
      if (!full || !existsSync(full)) { response.writeHead(404).end('Not Found'); return; }
      createReadStream(full).pipe(response);
    }).listen(8000, '::', () => console.log('ready'));`;
  const process_ = of.spawn([process.execPath, '-e', program], {});
  await new Promise<void>((resolve) => {
    process_.stdout?.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) {
        if (line === 'ready') resolve();
        else if (line !== '') requests.push(line);
      }
    });
  });
  const { stdout } = await of.exec('node1', [
    'sh',
    '-c',
    "ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'",
  ]);
  const gateway = stdout.trim();
  return {
    url: `http://${gateway}:8000`,
    registry: `http://${gateway}:8000`,
    requests,
    close: async () => {
      process_.kill();
      await process_;
    },
  };
}
