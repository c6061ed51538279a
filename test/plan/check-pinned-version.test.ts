import { describe, expect, it } from 'vitest';
import { checkPinnedVersion } from '../../src/plan/check-pinned-version.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';

const VERSION = 'v1.35.7+rke2r1';

describe('a file without a version', () => {
  const cluster = makeCluster({ version: null });

  it('is told at its first up which one to write', () => {
    const [finding, ...others] = checkPinnedVersion(cluster, true, VERSION);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'warning', code: 'version-not-pinned' });
    expect(finding?.message).toContain('what /srv/artifacts holds');
    expect(finding?.hint).toContain(`kubernetes_version: ${VERSION}`);
  });

  it.each([
    ['the state knows it', cluster, false],
    ['the file names one', makeCluster(), true],
    ['there is no file', makeCluster({ version: null, nodes: [makeNode('localhost', ['etcd'])] }), true],
  ])('is told nothing when %s', (_when, each, isNew) => {
    expect(checkPinnedVersion(each, isNew, VERSION)).toEqual([]);
  });
});
