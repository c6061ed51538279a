import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { isHarmless, judgeKeys } from '../../src/config/judge-keys.ts';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';

const env = configEnvironment();
const lost = keyTable().filter(({ entry }) => entry.fate === 'warned' || entry.fate === 'refused');

/** A file with one key at its place: `nodes[].taints[].timeAdded`. */
function writeFileWith(path: string): unknown {
  const steps = path.split('.').map((step) => step.replace('*', 'some'));
  return steps.reduceRight<unknown>(
    (inner, step) => (step.endsWith('[]') ? { [step.slice(0, -2)]: [inner] } : { [step]: inner }),
    'something',
  );
}

describe('lost keys of RKE1', () => {
  it('are many', () => {
    expect(lost.length).toBeGreaterThan(200);
  });

  it.each(lost.map(({ entry, path }) => [path, entry.fate]))('%s is %s in whole sentences', (path, fate) => {
    const [finding, ...others] = judgeKeys(writeFileWith(path));
    expect(others).toEqual([]);
    expect(finding?.severity).toBe(fate === 'warned' ? 'warning' : 'error');
    expect(finding?.message).toMatch(
      /^RKE1's `[^`]+` (has no meaning for RKE2|cannot be honoured)\. \S.*\.$/s,
    );
    expect(finding?.hint).toMatch(/\.$/);
    expect(finding?.message).not.toMatch(/undefined|\.\./);
  });

  it.each([
    ['false', false, true],
    ['0', 0, true],
    ['a map of empty values', { a: '', b: { c: false } }, true],
    ['a list of nothing', [], true],
    ['true', true, false],
    ['a value deep inside', { a: [{ b: 1 }] }, false],
  ])('that are %s ask for something: not %s', (_what, value, expected) => {
    expect(isHarmless(value)).toBe(expected);
  });

  it('are named once when they stand in many entries', () => {
    const nodes = Array.from({ length: 50 }, (_, index) => ({
      address: `10.0.0.${index + 1}`,
      role: index === 0 ? ['etcd', 'controlplane'] : ['worker'],
      docker_socket: '/run/docker.sock',
    }));
    const { cluster, findings } = parseCluster(stringify({ nodes }), 'cluster.yml', env);
    expect(cluster).not.toBeNull();
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'rke1-no-meaning nodes[0].docker_socket',
    ]);
    expect(findings[0]?.message).toContain('in 49 more places');
  });

  it('ask for nothing when they are empty, as RKE1’s own questionnaire leaves them', () => {
    const file = fileURLToPath(new URL('rke1-questionnaire.yml', import.meta.url));
    const { cluster, findings } = parseCluster(readFileSync(file, 'utf8'), file, env);
    expect(findings.filter(({ severity }) => severity === 'error').map(({ path }) => path)).toEqual([
      'kubernetes_version',
    ]);
    expect(cluster).toBeNull();
  });

  it('leave a cluster once that line is changed', () => {
    const file = fileURLToPath(new URL('rke1-questionnaire.yml', import.meta.url));
    const text = readFileSync(file, 'utf8').replace(
      /^kubernetes_version: .*$/m,
      'kubernetes_version: v1.35.7+rke2r1',
    );
    const { cluster, findings } = parseCluster(text, file, env);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(cluster?.nodes.map(({ address, roles, user }) => `${user}@${address} ${roles.join()}`)).toEqual([
      'ubuntu@10.0.0.11 etcd,controlplane,worker',
    ]);
    expect(cluster?.nodes[0]).toMatchObject({ port: 22, internalAddress: null, name: null, bastions: [] });
    expect(cluster?.network.clusterDns).toEqual(['10.43.0.10']);
  });
});
