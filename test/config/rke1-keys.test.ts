import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { RKE1_KEYS } from '../../src/config/rke1-key-table.ts';
import { configEnvironment } from '../support/config-environment.ts';

const env = configEnvironment();

/** A file with one key of RKE1's at its place. */
function writeFileWith(path: string): string {
  const steps = path.split('.');
  const last = steps.pop();
  const value = steps.reduceRight<unknown>((inner, step) => (step === '*' ? [inner] : { [step]: inner }), {
    [last ?? '']: 'something',
  });
  return JSON.stringify(value);
}

describe('keys of RKE1', () => {
  it.each(RKE1_KEYS.map(({ path }) => path))('%s is refused by name, never as unknown', (path) => {
    const { cluster, findings } = parseCluster(writeFileWith(path), 'cluster.yml', env);
    const name = path.split('.').at(-1);
    expect(cluster).toBeNull();
    const refusals = findings.filter(({ code }) => code === 'rke1-not-yet' || code === 'rke1-gone');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.message).toContain(`\`${name}\``);
    expect(findings.map(({ code }) => code)).not.toContain('unknown-key');
  });

  it('ask for nothing when they are empty, as RKE1’s own questionnaire leaves them', () => {
    const file = fileURLToPath(new URL('rke1-questionnaire.yml', import.meta.url));
    const { cluster, findings } = parseCluster(readFileSync(file, 'utf8'), file, env);
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'rke1-not-yet system_images',
      'version-invalid kubernetes_version',
    ]);
    expect(cluster).toBeNull();
  });

  it('leave a cluster once those two lines are changed', () => {
    const file = fileURLToPath(new URL('rke1-questionnaire.yml', import.meta.url));
    const text = readFileSync(file, 'utf8')
      .replace(/^system_images:\n(?: {2}.*\n)*/m, '')
      .replace(/^kubernetes_version: .*$/m, 'kubernetes_version: v1.35.7+rke2r1');
    const { cluster, findings } = parseCluster(text, file, env);
    expect(findings).toEqual([]);
    expect(cluster?.nodes.map(({ address, roles, user }) => `${user}@${address} ${roles.join()}`)).toEqual([
      'ubuntu@10.0.0.11 etcd,controlplane,worker',
    ]);
    expect(cluster?.nodes[0]).toMatchObject({ port: 22, internalAddress: null, name: null, bastions: [] });
    expect(cluster?.network.clusterDns).toEqual(['10.43.0.10']);
  });
});
