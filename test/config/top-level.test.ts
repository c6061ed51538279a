import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';

function read(text: string) {
  return parseCluster(NODES + text, 'cluster.yml', configEnvironment());
}

describe('upgrade_strategy', () => {
  it('takes RKE1’s keys', () => {
    const { cluster, findings } = read(
      'upgrade_strategy: {max_unavailable_worker: 25%, max_unavailable_controlplane: 2, drain: true, node_drain_input: {force: true, ignore_daemonsets: false, delete_local_data: true, grace_period: 30, timeout: 60}}\n',
    );
    expect(findings).toEqual([]);
    expect(cluster?.upgrade).toEqual({
      maxUnavailableWorker: '25%',
      maxUnavailableControlplane: '2',
      drain: true,
      drainInput: {
        force: true,
        ignoreDaemonsets: false,
        deleteEmptydir: true,
        gracePeriodSeconds: 30,
        timeoutSeconds: 60,
      },
    });
  });

  it('has RKE1’s defaults, also where only `drain` is set', () => {
    expect(read('upgrade_strategy: {drain: true}\n').cluster?.upgrade).toMatchObject({
      maxUnavailableWorker: '10%',
      maxUnavailableControlplane: '1',
      drainInput: { ignoreDaemonsets: true, gracePeriodSeconds: -1, timeoutSeconds: 120 },
    });
  });

  it.each(['0', '"0"', '0%', '101%', '-1', 'all', '1.5', '10 %'])(
    'lets not %s nodes change at once',
    (value) => {
      const { findings } = read(`upgrade_strategy: {max_unavailable_worker: ${value}}\n`);
      expect(findings.map(({ path }) => path)).toEqual(['upgrade_strategy.max_unavailable_worker']);
    },
  );
});

describe('prefix_path', () => {
  it.each([
    ['/', '/var/lib/rancher/rke2'],
    ['/mnt/data', '/mnt/data/var/lib/rancher/rke2'],
    ['/mnt/data/', '/mnt/data/var/lib/rancher/rke2'],
  ])('%s gives the data directory %s', (prefix, dataDir) => {
    expect(read(`prefix_path: ${prefix}\n`).cluster?.dataDir).toBe(dataDir);
  });

  it.each(['data', '/mnt/../etc', '"/mnt/my data"', '"c:/"'])('%s is refused', (prefix) => {
    expect(read(`prefix_path: ${prefix}\n`).findings.map(({ path }) => path)).toEqual(['prefix_path']);
  });
});

describe('kubernetes_version', () => {
  it('of RKE1 is refused with the version to write', () => {
    const [finding] = read('kubernetes_version: v1.30.4-rancher1-1\n').findings;
    expect(finding?.message).toBe(
      '"v1.30.4-rancher1-1" is a version of RKE1; RKE2\'s own end in `+rke2r1`, `+rke2r2`, and so on.',
    );
    expect(finding?.hint).toMatch(
      /^Write `v1\.\d+\.\d+\+rke2r\d`, the stable release .* `install: \{channel: v1\.30\}`/,
    );
  });

  it('of RKE1 is refused with the release that the artifacts hold', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-version-'));
    writeFileSync(
      join(folder, 'rke2-images-core.linux-amd64.txt'),
      'docker.io/rancher/pause:3.6\ndocker.io/rancher/rke2-runtime:v1.34.9-rke2r2\n',
    );
    const [finding] = read(
      `install: {artifacts: ${folder}}\nkubernetes_version: v1.30.4-rancher1-1\n`,
    ).findings;
    expect(finding?.hint).toBe('Write `v1.34.9+rke2r2`, the release that `install.artifacts` holds.');
  });

  it('that RKE2 never had names no channel', () => {
    const [finding] = read('kubernetes_version: v1.14.9-rancher1-1\n').findings;
    expect(finding?.hint).not.toContain('channel');
  });
});

describe('what RKE1 did once', () => {
  it('is refused, and nothing is said where it is off', () => {
    const off = 'restore: {restore: false, snapshot_name: ""}\nrotate_encryption_key: false\n';
    expect(read(off).findings).toEqual([]);
    const on = 'restore: {restore: true, snapshot_name: s}\nrotate_encryption_key: true\n';
    expect(read(on).findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'rke1-refused restore.restore',
      'rke1-no-meaning restore.snapshot_name',
      'rke1-refused rotate_encryption_key',
    ]);
  });
});
