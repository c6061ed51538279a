import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { makeRelease } from './make-release.ts';
import { bootStandinLab, DATA, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-installing', 4, true));
});

afterAll(async () => {
  await lab?.destroy();
});

const hostRoot = (name: string): string => lab.hosts.find((host) => host.name === name)?.root ?? '';
const uninstall = (host: string): Promise<string> =>
  rke2.sh(host, '$(command -v rke2-uninstall.sh || echo /opt/rke2/bin/rke2-uninstall.sh) >/dev/null 2>&1');

describe('images', () => {
  afterAll(() => uninstall('node1'));

  test('without the images of its CNI a Node comes up and is never Ready; bundles put there at the next start help', async () => {
    await rke2.install('node1', { images: [] });
    await rke2.sh('node1', `mkdir -p ${DATA}/agent/images`);
    const place = (bundle: string): void =>
      cpSync(join(lab.artifacts, bundle), join(hostRoot('node1'), DATA, 'agent/images', bundle));
    place('rke2-images-core.linux-amd64.tar.gz');
    place('rke2-images-canal.linux-amd64.tar.zst');
    await rke2.configure('node1', { token: TOKEN, cni: 'cilium' });
    expect(await rke2.start('node1', 'server')).toBe(0);
    const ready = (field: string): Promise<string> =>
      rke2.kubectl('node1', `get node node1 -o jsonpath='{.status.conditions[?(@.type=="Ready")].${field}}'`);
    await expect.poll(() => ready('status'), { timeout: 15_000 }).toBe('False');
    expect(await ready('message')).toBe(
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
    );
    place('rke2-images-cilium.linux-amd64.tar.zst');
    await rke2.sh('node1', 'systemctl restart rke2-server');
    await expect.poll(() => ready('status'), { timeout: 20_000 }).toBe('True');
    expect(
      await rke2.sh('node1', 'ss -Htuln | tr -s " " | cut -d" " -f5; ls /sys/class/net /etc/cni/net.d'),
    ).toMatch(/\*:4240[\s\S]*cilium_vxlan/);
    expect(await rke2.sh('node1', 'ls /sys/class/net /etc/cni/net.d')).not.toMatch(/flannel|canal|cni0/);
    await uninstall('node1');
  });

  test('a registry that answers stands in for bundles', async () => {
    await rke2.install('node1', { images: [] });
    const server =
      "import http.server,sys\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(s): s.send_response(401 if s.path=='/v2/' else 404); s.end_headers()\nhttp.server.HTTPServer(('127.0.0.1',5000),H).serve_forever()";
    await rke2.sh(
      'node1',
      `cat > /root/registry.py <<'E'\n${server}\nE\nsystemd-run -q --unit=registry python3 /root/registry.py`,
    );
    await rke2.configure('node1', { token: TOKEN });
    await rke2.sh(
      'node1',
      `cat > /etc/rancher/rke2/registries.yaml <<'E'\nmirrors: {docker.io: {endpoint: ["http://127.0.0.1:5000"]}}\nE`,
    );
    expect(await rke2.start('node1', 'server')).toBe(0);
    await expect
      .poll(() => rke2.kubectl('node1', 'get nodes --no-headers'), { timeout: 15_000 })
      .toMatch(/ Ready /);
    await rke2.sh('node1', 'systemctl stop registry');
  });
});

describe('install.sh', () => {
  beforeAll(async () => {
    const tree = join(hostRoot('node2'), 'root/www/v1.36.4%2Brke2r1');
    await makeRelease({ directory: tree, version: 'v1.36.4+rke2r1' });
    const server = `import http.server,os,urllib.parse
class H(http.server.SimpleHTTPRequestHandler):
  def translate_path(s,p): return '/root/www'+p
  def do_GET(s):
    if s.path=='/channels/latest': s.send_response(302); s.send_header('Location','/releases/tag/v1.36.4%2Brke2r1'); s.end_headers()
    elif s.path.startswith('/releases/'): s.send_response(200); s.end_headers()
    else: super().do_GET()
http.server.ThreadingHTTPServer(('',8080),H).serve_forever()`;
    await rke2.sh(
      'node2',
      `cat > /root/www.py <<'E'\n${server}\nE\nsystemd-run -q --unit=www python3 /root/www.py`,
    );
  });

  const online =
    'INSTALL_RKE2_ARTIFACT_URL=http://198.18.1.2:8080 INSTALL_RKE2_CHANNEL_URL=http://198.18.1.2:8080/channels';
  const install = (variables: string) =>
    lab.exec('node3', [
      'sh',
      '-c',
      `curl -fsS http://198.18.1.2:8080/v1.36.4%2Brke2r1/install.sh > /root/install.sh; ${online} ${variables} sh /root/install.sh`,
    ]);

  test('finds the version of a channel by its redirect and installs over the network, without images', async () => {
    await expect
      .poll(() => rke2.sh('node2', 'curl -sf http://127.0.0.1:8080/releases/x && echo up || true'), {
        timeout: 10_000,
      })
      .toContain('up');
    const result = await install('INSTALL_RKE2_CHANNEL=latest');
    expect(result.stderr).toBe('');
    expect(result.stdout.split('\n')).toEqual([
      '[INFO]  finding release for channel latest',
      '[INFO]  using v1.36.4+rke2r1 as release',
      '[INFO]  downloading checksums at http://198.18.1.2:8080/v1.36.4%2Brke2r1/sha256sum-amd64.txt',
      '[INFO]  downloading tarball at http://198.18.1.2:8080/v1.36.4%2Brke2r1/rke2.linux-amd64.tar.gz',
      '[INFO]  verifying tarball',
      '[INFO]  unpacking tarball file to /usr/local',
    ]);
    expect(await rke2.sh('node3', 'rke2 --version')).toContain('v1.36.4+rke2r1');
    expect(await rke2.sh('node3', `test -e ${DATA} || echo no images`)).toBe('no images');
    expect(await rke2.sh('node3', 'systemctl is-enabled rke2-server || true')).toBe('disabled');
  });

  test('ends with curl’s own exit code where there is no such version', async () => {
    const result = await install('INSTALL_RKE2_VERSION=v1.0.0+rke2r1');
    expect(result.exitCode).toBe(22);
    expect(result.stderr).toContain('404');
  });

  test('refuses a tarball whose sum differs', async () => {
    await rke2.sh(
      'node2',
      'cd /root/www; cp -r v1.36.4%2Brke2r1 v1.36.5%2Brke2r1; echo >> v1.36.5%2Brke2r1/rke2.linux-amd64.tar.gz',
    );
    const result = await install('INSTALL_RKE2_VERSION=v1.36.5+rke2r1');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(
      /^\[ERROR\] {2}download sha256 does not match [0-9a-f]{64}, got [0-9a-f]{64}\n\[ALT\] Please visit /,
    );
    await rke2.sh('node3', 'mkdir -p /var/lib/rancher; rke2-uninstall.sh >/dev/null 2>&1');
  });

  test('goes to /opt/rke2 where /usr/local cannot be written, and all of it works from there', async () => {
    await lab.fault('node3', 'readonly-usr-local');
    await rke2.install('node3');
    expect(await rke2.sh('node3', 'grep ExecStart= /etc/systemd/system/rke2-server.service')).toBe(
      'ExecStart=/opt/rke2/bin/rke2 server',
    );
    await rke2.configure('node3', { token: TOKEN });
    expect(await rke2.start('node3', 'server')).toBe(0);
    await rke2.sh('node3', '/opt/rke2/bin/rke2-uninstall.sh >/dev/null 2>&1');
    expect(
      await rke2.sh('node3', 'ls /opt/rke2/bin/* /etc/systemd/system/rke2* 2>/dev/null || echo none'),
    ).toBe('none');
    await lab.heal('node3');
  });
});

describe('a fat release', () => {
  test('a fat release runs where the host has none of its programs', async () => {
    const directory = join(lab.directory, 'fat');
    await makeRelease({
      directory,
      version: 'v1.35.7+rke2r1',
      fat: true,
      programs: programsDirectory(),
      bundles: [],
    });
    const target = join(hostRoot('node4'), 'root/fat');
    mkdirSync(target, { recursive: true });
    for (const name of [
      'install.sh',
      'sha256sum-amd64.txt',
      'rke2.linux-amd64.tar.gz',
      'rke2-images.linux-amd64.tar.zst',
    ])
      cpSync(join(directory, name), join(target, name));
    await rke2.sh(
      'node4',
      'mount -t tmpfs none /usr/lib/rke2-standin; INSTALL_RKE2_ARTIFACT_PATH=/root/fat sh /root/fat/install.sh',
    );
    await rke2.configure('node4', { token: TOKEN });
    expect(await rke2.start('node4', 'server')).toBe(0);
    await expect
      .poll(() => rke2.kubectl('node4', 'get nodes --no-headers'), { timeout: 15_000 })
      .toMatch(/ Ready /);
    await uninstall('node4');
    await rke2.sh('node4', 'umount /usr/lib/rke2-standin');
  });
});

/** The base tree's programs, for the release that carries them; node is this machine's own. */
function programsDirectory(): string {
  const directory = join(lab.directory, 'programs');
  mkdirSync(directory, { recursive: true });
  for (const name of ['etcd', 'etcdctl', 'kubectl'])
    cpSync(join(dirname(lab.kubectl), name), join(directory, name));
  cpSync(process.execPath, join(directory, 'node'));
  return directory;
}
