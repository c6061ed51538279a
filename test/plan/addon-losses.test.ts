import { describe, expect, it } from 'vitest';
import type { Chart } from '../../src/domain/cluster.ts';
import type { State } from '../../src/domain/state.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { addonLosses } from '../../src/plan/addon-losses.ts';
import { checkLosses } from '../../src/plan/check-losses.ts';
import type { Manifest } from '../../src/render/manifests.ts';
import { listManifestObjects } from '../../src/rke2/manifest-objects.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeWorld } from '../support/model-hosts.ts';

const { state } = makeWorld(makeCluster(), { firewalld: false });
const TEAM = object('v1', 'Namespace', 'team');
const CRD = object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'things.x.io');

function object(apiVersion: string, kind: string, name: string, namespace?: string): string {
  const where = namespace === undefined ? '' : `, namespace: ${namespace}`;
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}${where}}\n`;
}

/** What is lost from a cluster that was given `before` by a file that brings `after`. */
function losses(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  charts: readonly Chart[] = [],
) {
  const addons: State['addons'] = Object.fromEntries(
    Object.entries(before).map(([name, text]) => [
      name,
      { sha256: sha256(text), url: null, objects: listManifestObjects(text).objects },
    ]),
  );
  const manifests = Object.entries(after).map(([name, content]): Manifest => ({ name, content, url: null }));
  return addonLosses({ ...state, addons }, manifests, { charts });
}

function said(...args: Parameters<typeof losses>): readonly string[] {
  return checkLosses(losses(...args)).map(({ code, message }) => `${code} ${message}`);
}

function deleted(...args: Parameters<typeof losses>): readonly string[] {
  return losses(...args).flatMap(({ whole, objects }) => (whole ? objects.map(({ name }) => name) : []));
}

describe('what a file takes from the cluster', () => {
  it('is nothing while it names what it named', () => {
    expect(losses({ one: TEAM }, { one: TEAM })).toEqual([]);
    expect(said({ one: TEAM }, { one: `${TEAM}# a comment\n` })).toEqual([]);
  });

  it('is told when a namespace, a kind or a claim goes with its manifest', () => {
    const claim = object('v1', 'PersistentVolumeClaim', 'data', 'db');
    expect(said({ one: [TEAM, CRD, claim, object('v1', 'ConfigMap', 'c')].join('---\n') }, {})).toEqual([
      'addon-takes-data Namespace team is deleted by this change, and with it everything that is in it, whoever put it there: the file no longer names one.',
      'addon-takes-data CustomResourceDefinition things.x.io is deleted by this change, and with it every object of that kind in the whole cluster: the file no longer names one.',
      'addon-takes-data PersistentVolumeClaim db/data is deleted by this change, and with it the data of its volume, unless its reclaim policy is Retain: the file no longer names one.',
    ]);
  });

  it('is told when RKE2 will delete it, since its manifest has it no more', () => {
    const [finding] = said({ one: TEAM }, { one: object('v1', 'ConfigMap', 'c') });
    expect(finding).toMatch(/Namespace team is deleted.*: one no longer has it/);
  });

  it('is told when it moves between manifests that stay, and is not deleted when the old one goes', () => {
    const rest = object('v1', 'ConfigMap', 'c');
    const [finding] = said({ one: `${TEAM}---\n${rest}` }, { one: rest, two: TEAM });
    expect(finding).toMatch(/Namespace team moves from one to two: if RKE2 comes to one first/);
    expect(deleted({ one: TEAM }, { two: TEAM })).toEqual([]);
    expect(said({ one: TEAM }, { two: TEAM })).toEqual([]);
  });

  it('is never a namespace in which the file still has something', () => {
    const inside = object('v1', 'ConfigMap', 'c', 'team');
    expect(deleted({ one: TEAM, two: inside }, { two: inside })).toEqual([]);
    expect(said({ one: TEAM, two: inside }, { two: inside })).toEqual([
      'addon-object-stays The file no longer names one, but Namespace team stays in the cluster: other things of the file live in it and would go with it.',
    ]);
    const chart = { name: 'c', namespace: 'team', values: {} } as Chart;
    expect(deleted({ one: TEAM }, {}, [chart])).toEqual([]);
    expect(deleted({ one: TEAM }, {}, [{ ...chart, namespace: 'other' }])).toEqual(['team']);
  });

  it('is never a kind of which the file still has objects', () => {
    const thing = object('x.io/v1', 'Thing', 't');
    expect(deleted({ one: CRD, two: thing }, { two: thing })).toEqual([]);
    expect(deleted({ one: CRD, two: thing }, {})).toEqual(['things.x.io', 't']);
  });

  it('is never a namespace that Kubernetes does not let go of', () => {
    const spaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) =>
      object('v1', 'Namespace', name),
    );
    expect(deleted({ one: spaces.join('---\n') }, {})).toEqual([]);
    expect(said({ one: spaces.join('---\n') }, {})).toEqual([]);
  });
});
