import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { releaseFileUrl } from '../../src/rke2/install-script.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-images-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache')));
afterEach(() => vi.unstubAllEnvs());

const VERSION = 'v1.35.7+rke2r1';
const RUNTIME = 'docker.io/rancher/rke2-runtime:v1.35.7-rke2r1';

/** A directory with these lists of a release for amd64. */
function makeArtifacts(name: string, lists: Readonly<Record<string, readonly string[]>>): string {
  const directory = mkdtempSync(join(folder, name));
  const sums = Object.entries(lists).map(([bundle, images]) => {
    const file = `rke2-images${bundle === '' ? '' : `-${bundle}`}.linux-amd64.txt`;
    const text = images.map((image) => `${image}\n`).join('');
    writeFileSync(join(directory, file), text);
    return `${createHash('sha256').update(text).digest('hex')}  ${file}\n`;
  });
  writeFileSync(join(directory, 'sha256sum-amd64.txt'), sums.join(''));
  return directory;
}

function write(settings: string): string {
  const path = join(folder, 'cluster.yml');
  writeFileSync(path, `nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n${settings}`);
  return path;
}

describe('config images', () => {
  it('lists what version, CNI and ingress need', async () => {
    const artifacts = makeArtifacts('split', {
      core: [RUNTIME, 'docker.io/rancher/nginx:1'],
      canal: ['docker.io/rancher/canal:1'],
      cilium: ['docker.io/rancher/cilium:1'],
      traefik: ['docker.io/rancher/traefik:3'],
    });
    const path = write(
      `network: {plugin: cilium}\ningress: {provider: traefik}\ninstall: {artifacts: ${artifacts}}\n`,
    );
    expect(await runProgram('config', 'images', '-c', path)).toEqual({
      code: 0,
      stdout: `${RUNTIME}\ndocker.io/rancher/nginx:1\ndocker.io/rancher/cilium:1\ndocker.io/rancher/traefik:3\n`,
      stderr: '',
    });
  });

  it('takes the list of core and Canal in one, and images of the file’s own', async () => {
    const artifacts = makeArtifacts('main', { '': [RUNTIME, 'docker.io/rancher/canal:1'] });
    const path = write(
      `install: {artifacts: ${artifacts}}\nrke2: {server: {etcd-image: r.example.com/etcd:3}}\n`,
    );
    const { code, stdout } = await runProgram('config', 'images', '-c', path, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      version: VERSION,
      architectures: ['amd64'],
      bundles: ['core', 'canal'],
      images: [RUNTIME, 'docker.io/rancher/canal:1', 'r.example.com/etcd:3'],
      missing: [],
    });
  });

  it('names the lists that are missing, and where they are', async () => {
    const path = write(`kubernetes_version: ${VERSION}\n`);
    const { code, stdout, stderr } = await runProgram('config', 'images', '-c', path, '--arch', 'arm64');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const base = 'https://github.com/rancher/rke2/releases/download/v1.35.7%2Brke2r1';
    for (const bundle of ['core', 'canal'])
      expect(stderr).toContain(`${base}/rke2-images-${bundle}.linux-arm64.txt`);
    const json = await runProgram('config', 'images', '-c', path, '-o', 'json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      images: null,
      missing: [{ name: 'rke2-images-core.linux-amd64.txt' }, {}],
    });
  });

  it('believes no list that its release does not vouch for', async () => {
    const artifacts = makeArtifacts('damaged', { '': [RUNTIME] });
    writeFileSync(join(artifacts, 'rke2-images.linux-amd64.txt'), 'evil.example.com/runtime:1\n');
    const path = write(`kubernetes_version: ${VERSION}\ninstall: {artifacts: ${artifacts}}\n`);
    const { code, stdout, stderr } = await runProgram('config', 'images', '-c', path);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('rke2-images.linux-amd64.txt');
  });

  it('cannot say anything without a version', async () => {
    const { code, stderr } = await runProgram('config', 'images', '-c', write(''));
    expect(code).toBe(3);
    expect(stderr).toContain('kubernetes_version');
  });
});

describe('the address of a release’s file', () => {
  it.each([
    [null, 'https://github.com/rancher/rke2/releases/download/v1.35.7%2Brke2r1/f.txt'],
    ['cn', 'https://rancher-mirror.rancher.cn/rke2/releases/download/v1.35.7-rke2r1/f.txt'],
    ['https://m.example.com/', 'https://m.example.com/releases/download/v1.35.7%2Brke2r1/f.txt'],
  ])('with the mirror %s', (mirror, url) => {
    expect(releaseFileUrl(mirror, VERSION, 'f.txt')).toBe(url);
  });
});
