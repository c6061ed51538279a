import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findCaller, localCluster, localConfigPath, readCluster } from '../../src/cli/cluster-source.ts';
import { ConfigError } from '../../src/domain/errors.ts';

const CALLER = { user: 'ops', home: '/home/ops', owner: null };

describe('who called', () => {
  it('is the user, or the person behind sudo', () => {
    const self = { user: userInfo().username, home: homedir(), owner: null };
    expect(findCaller({})).toEqual(self);
    expect(findCaller({ SUDO_USER: 'root', SUDO_UID: '0', SUDO_GID: '0' })).toEqual(self);
    // A user that every system has.
    expect(findCaller({ SUDO_USER: 'daemon', SUDO_UID: '1', SUDO_GID: '1' })).toMatchObject({
      user: 'daemon',
      owner: { uid: 1, gid: 1 },
    });
    expect(findCaller({ SUDO_USER: 'daemon', SUDO_UID: '1', SUDO_GID: '1' }).home).not.toBe(homedir());
  });

  it('has the things of --local in one stated place', () => {
    expect(localConfigPath(CALLER)).toBe('/home/ops/.rke2ctl/local.yml');
  });
});

describe('the cluster of --local', () => {
  it('is this machine, with all roles and its own name', () => {
    const { name, nodes, version, kubeconfig } = localCluster(CALLER, {});
    expect({ name, version }).toEqual({ name: 'local', version: null });
    expect(nodes).toMatchObject([{ name: null, roles: ['etcd', 'controlplane', 'worker'] }]);
    expect(kubeconfig.path).toBe('/home/ops/.rke2ctl/kube_config_local.yml');
  });

  it('takes artifacts, version and channel', () => {
    const cluster = localCluster(CALLER, { artifacts: '/srv/a: b', version: 'v1.35.7+rke2r1' });
    expect(cluster.install).toMatchObject({ method: 'airgap', artifacts: '/srv/a: b' });
    expect(cluster.version).toBe('v1.35.7+rke2r1');
    expect(localCluster(CALLER, { channel: 'latest' }).install).toMatchObject({
      method: 'script',
      channel: 'latest',
    });
  });

  it.each(['1.35', 'v1.35.7', '"\n  evil: true'])('refuses the version %j in words', (version) => {
    expect(() => localCluster(CALLER, { version })).toThrow(ConfigError);
  });
});

describe('the cluster of files', () => {
  let folder = '';
  const place = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rke2ctl-source-'));
    const password = JSON.stringify(`command:echo x >> ${place('runs')}; printf planted`);
    const registry = (url: string) => `  - {url: ${url}, user: u, password: ${password}}\n`;
    writeFileSync(
      place('base.yml'),
      `nodes: [{address: "\${RKE2CTL_TEST_HOST}", role: [controlplane, etcd, worker]}]\nprivate_registries:\n${registry('a.example')}${registry('b.example')}`,
    );
    writeFileSync(place('site.yml'), 'cluster_name: site\n');
    writeFileSync(
      place('broken.yml'),
      'private_registries: [{url: a.example, user: u, password: "command:exit 7"}]\n',
    );
    vi.stubEnv('RKE2CTL_TEST_HOST', 'a.example');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const countRuns = () => readFileSync(place('runs'), 'utf8').split('\n').length - 1;

  it('is put together from all of them and the environment, without running a command unless asked to', async () => {
    writeFileSync(place('runs'), '');
    const { cluster } = await readCluster([place('base.yml'), place('site.yml')]);
    expect(cluster.name).toBe('site');
    expect(cluster.nodes[0]?.address).toBe('a.example');
    expect(cluster.kubeconfig.path).toBe(place('kube_config_base.yml'));
    expect(countRuns()).toBe(0);
  });

  it('runs the command of a secret once, however many keys name it', async () => {
    writeFileSync(place('runs'), '');
    const { cluster } = await readCluster([place('base.yml')], 'run commands');
    const passwords = Object.values(cluster.registries.configs).map(({ auth }) => auth?.password.reveal());
    expect(passwords).toEqual(['planted', 'planted']);
    expect(countRuns()).toBe(1);
  });

  it('says when a command fails, at the place where it stands', async () => {
    const reading = readCluster([place('base.yml'), place('broken.yml')], 'run commands');
    const error = await reading.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ConfigError)) throw new Error('it was taken');
    expect(error.diagnostics).toMatchObject([
      {
        message: 'The command of this secret failed: exit code 7.',
        position: { file: place('broken.yml'), line: 1 },
      },
    ]);
  });
});
