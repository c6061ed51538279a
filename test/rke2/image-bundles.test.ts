import { describe, expect, it } from 'vitest';
import type { Cni } from '../../src/domain/cluster.ts';
import {
  bundleFileNames,
  coreIngress,
  mainBundleFileNames,
  requiredBundles,
} from '../../src/rke2/image-bundles.ts';
import { parseVersion, type Rke2Version } from '../../src/rke2/version.ts';

function version(text: string): Rke2Version {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`${text} is no version`);
  return parsed;
}

const OLD = version('v1.35.7+rke2r1');
const NEW = version('v1.36.4+rke2r1');

describe('requiredBundles', () => {
  const table: readonly (readonly [
    Rke2Version,
    readonly Cni[],
    readonly string[] | null,
    readonly string[],
  ])[] = [
    [OLD, ['canal'], null, ['core', 'canal']],
    [NEW, ['cilium'], null, ['core', 'cilium']],
    [NEW, ['multus', 'calico'], null, ['core', 'multus', 'calico']],
    [NEW, ['none'], ['none'], ['core']],
    [OLD, ['canal'], ['traefik'], ['core', 'canal', 'traefik']],
    [OLD, ['canal'], ['ingress-nginx'], ['core', 'canal']],
    [NEW, ['canal'], ['ingress-nginx'], ['core', 'canal', 'ingress-nginx']],
    [NEW, ['flannel'], ['traefik', 'ingress-nginx'], ['core', 'flannel', 'ingress-nginx']],
  ];
  it.each(table)('of %o with %s and ingress %s', (release, cni, ingress, bundles) => {
    expect(requiredBundles({ version: release, cni, ingress })).toEqual(bundles);
  });

  it('adds the images of a packaged cloud provider', () => {
    const choice = { version: NEW, cni: ['canal'] as const, ingress: null };
    expect(requiredBundles({ ...choice, cloudProvider: 'harvester' })).toContain('harvester');
    expect(requiredBundles({ ...choice, cloudProvider: 'rancher-vsphere' })).toContain('vsphere');
    expect(requiredBundles({ ...choice, cloudProvider: 'external' })).toEqual(['core', 'canal']);
  });
});

describe('names of bundles', () => {
  it('are those of the release, zstd first', () => {
    expect(bundleFileNames('cilium', 'arm64')).toEqual([
      'rke2-images-cilium.linux-arm64.tar.zst',
      'rke2-images-cilium.linux-arm64.tar.gz',
    ]);
    expect(mainBundleFileNames('amd64')[0]).toBe('rke2-images.linux-amd64.tar.zst');
  });

  it('knows which ingress core holds', () => {
    expect(coreIngress(OLD)).toBe('ingress-nginx');
    expect(coreIngress(NEW)).toBe('traefik');
    expect(coreIngress(version('v2.0.0+rke2r1'))).toBe('traefik');
  });
});
