import { describe, expect, it } from 'vitest';
import type { State } from '../../src/domain/state.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { checkManifests } from '../../src/plan/check-manifests.ts';
import type { Manifest } from '../../src/render/manifests.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeWorld } from '../support/model-hosts.ts';

const { state } = makeWorld(makeCluster(), { firewalld: false });
const GOOD = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

function manifest(name: string, content: string | null, url: string | null = null): Manifest {
  return { name, content, url };
}

describe('manifests before they reach a host', () => {
  it('are fine when Kubernetes can take them', () => {
    expect(checkManifests([manifest('a', GOOD), manifest('b', null)], state)).toEqual([]);
  });

  it('are refused when they are broken, and the finding says where they came from and which line', () => {
    const [finding] = checkManifests([manifest('a', `${GOOD}---\nkind: B\n`, 'https://x.example/a')], state);
    expect(finding).toMatchObject({ severity: 'error', code: 'addon-broken' });
    expect(finding?.message).toMatch(/the addon a \(https:\/\/x\.example\/a\): line 5.*it has no apiVersion/);
  });

  it('are not read again when the state knows them', () => {
    const addons = { a: { sha256: sha256('no: object'), url: null, objects: [] } };
    const known: State = { ...state, addons };
    expect(checkManifests([manifest('a', 'no: object')], known)).toEqual([]);
  });

  it('are warned of when two bring the same object, refused when two have one name', () => {
    const codes = (names: readonly string[]) =>
      checkManifests(
        names.map((name) => manifest(name, GOOD)),
        state,
      ).map(({ code, severity }) => `${severity} ${code}`);
    expect(codes(['a', 'b'])).toEqual(['warning addon-object-twice']);
    expect(codes(['a', 'a'])).toEqual(['error addon-name-twice']);
  });
});
