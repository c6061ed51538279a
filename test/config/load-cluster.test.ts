import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCluster } from '../../src/config/load-cluster.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { configEnvironment } from '../support/config-environment.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'rke2ctl-config-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function fail(file: string): Promise<ConfigError> {
  try {
    await loadCluster(file, configEnvironment({ cwd }));
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${file} was taken`);
}

describe('loadCluster', () => {
  it('reads the file relative to the working directory and gives warnings along', async () => {
    await writeFile(
      path.join(cwd, 'cluster.yml'),
      'nodes: [{address: 10.0.0.11, role: [controlplane, etcd]}]',
    );
    const { cluster, findings } = await loadCluster('cluster.yml', configEnvironment({ cwd }));
    expect(cluster.kubeconfig.path).toBe(path.join(cwd, 'kube_config_cluster.yml'));
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual(['warning worker-none']);
  });

  it('throws every finding at once, with exit code 3', async () => {
    await writeFile(path.join(cwd, 'bad.yml'), 'foo: 1\nnodes: []\n');
    const error = await fail('bad.yml');
    expect(error.message).toBe('bad.yml has 2 mistakes; nothing was done.');
    expect(error.exitCode).toBe(3);
    expect(
      error.diagnostics.map(({ position }) => `${position?.file}:${position?.line}:${position?.column}`),
    ).toEqual(['bad.yml:1:1', 'bad.yml:2:8']);
  });

  it('takes a byte order mark', async () => {
    await writeFile(
      path.join(cwd, 'bom.yml'),
      '\uFEFFnodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]',
    );
    const { findings } = await loadCluster('bom.yml', configEnvironment({ cwd }));
    expect(findings).toEqual([]);
  });

  it('says so when there is no such file', async () => {
    const error = await fail('none.yml');
    expect(error.diagnostics).toMatchObject([
      { code: 'file-missing', message: 'There is no file none.yml.' },
    ]);
  });

  it('says so when it is a directory', async () => {
    expect((await fail('.')).message).toBe('. is a directory, not a cluster.yml.');
  });

  it('says so when it is no text', async () => {
    await writeFile(path.join(cwd, 'binary.yml'), Buffer.from([0x6e, 0xff, 0xfe, 0x00]));
    expect((await fail('binary.yml')).diagnostics[0]?.code).toBe('file-not-utf8');
  });
});
