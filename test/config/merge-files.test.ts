import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeFiles } from '../../src/config/merge-files.ts';
import { parseClusterFiles } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';

/** A tree of maps in which every name always stands for the same kind of thing: what associativity is promised for. */
const agreeing = fc.letrec<{ map: Record<string, unknown> }>((tie) => ({
  map: fc.record(
    {
      scalar: fc.oneof(fc.string(), fc.integer(), fc.boolean()),
      list: fc.array(fc.integer(), { maxLength: 3 }),
      left: tie('map'),
      right: tie('map'),
      __proto__: fc.string(),
    },
    { requiredKeys: [] },
  ),
})).map;

/** Any value of YAML. */
const anything = fc.jsonValue({ maxDepth: 3 });

describe('mergeFiles', () => {
  it('is associative where no file empties a key or makes another kind of thing of it', () => {
    fc.assert(
      fc.property(agreeing, agreeing, agreeing, (a, b, c) => {
        const left = mergeFiles([mergeFiles([a, b]), c]);
        expect(left).toEqual(mergeFiles([a, mergeFiles([b, c])]));
        expect(left).toEqual(mergeFiles([a, b, c]));
      }),
      { seed: 1 },
    );
  });

  it('has no more to say when a file comes twice, and nothing when it is an empty map', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), (a) => {
        expect(mergeFiles([a, a])).toEqual(a);
        expect(mergeFiles([a, {}])).toEqual(a);
        expect(mergeFiles([{}, a])).toEqual(a);
      }),
      { seed: 1 },
    );
  });

  it('gives the last word to the last file, and leaves the files as they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), fc.dictionary(fc.string(), anything), (a, b) => {
        const before = structuredClone([a, b]);
        const merged = mergeFiles([a, b]) as Record<string, unknown>;
        expect([a, b]).toEqual(before);
        expect(new Set(Object.keys(merged))).toEqual(new Set([...Object.keys(a), ...Object.keys(b)]));
        for (const [key, value] of Object.entries(b))
          if (Array.isArray(value) || typeof value !== 'object' || value === null)
            expect(merged[key]).toEqual(value);
      }),
      { seed: 1 },
    );
  });
});

const env = configEnvironment();
const BASE = {
  file: 'base.yml',
  text: 'cluster_name: base\nnodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\nssh: {client: openssh, keepalive: 5s}\n',
};

function parse(...texts: readonly string[]) {
  return parseClusterFiles(
    [BASE, ...texts.map((text, index) => ({ file: `site/${index + 1}.yml`, text }))],
    env,
  );
}

describe('several files', () => {
  it('merge maps, replace lists and values', () => {
    const { cluster } = parse(
      'cluster_name: site\nssh: {keepalive: 9s}\n',
      'nodes: [{address: 10.0.0.12, role: [controlplane, etcd, worker]}]\n',
    );
    expect(cluster).toMatchObject({
      name: 'site',
      ssh: { client: 'openssh', keepaliveMs: 9000 },
      nodes: [{ address: '10.0.0.12' }],
    });
    expect(cluster?.nodes).toHaveLength(1);
  });

  it('unset with an empty key, and say nothing with an empty file', () => {
    expect(parse('cluster_name:\nssh: {client: ~}\n').cluster).toMatchObject({
      name: 'local',
      ssh: { client: 'ssh2', keepaliveMs: 5000 },
    });
    expect(parse('# nothing\n').cluster?.name).toBe('base');
  });

  it('give state, kubeconfig and relative paths the folder and name of the first', () => {
    const { cluster } = parse('ssh_key_path: keys/k\n');
    expect(cluster?.kubeconfig.path).toBe('/srv/site/kube_config_base.yml');
    expect(cluster?.nodes[0]?.auth.keyPaths).toEqual(['/srv/site/keys/k']);
  });

  it('are each named where the mistake stands, in their order', () => {
    const { findings } = parse(
      'ssh: {keepalive: soon}\nfoo: 1\n',
      'nodes:\n  - {address: 10.0.0.12, role: [sorker]}\n',
    );
    expect(
      findings
        .filter(({ severity }) => severity === 'error')
        .map(({ code, position: at }) => `${at?.file}:${at?.line}:${at?.column} ${code}`),
    ).toEqual([
      'site/1.yml:1:18 invalid-value',
      'site/1.yml:2:1 unknown-key',
      'site/2.yml:2:33 invalid-value',
    ]);
  });

  it('are all read, however broken one of them is', () => {
    const { cluster, findings } = parse('a: [\n', 'b: "\n', '- list\n');
    expect(cluster).toBeNull();
    expect(findings.map(({ code, position }) => `${position?.file} ${code}`)).toEqual([
      'site/1.yml yaml-syntax',
      'site/2.yml yaml-syntax',
      'site/3.yml not-a-cluster',
    ]);
  });

  it('know where each value came from', () => {
    const { originOf } = parse('cluster_name: site\nssh: {keepalive: 9s}\n', 'network: {plugin: cilium}\n');
    expect(originOf(['cluster_name'])).toEqual({ file: 'site/1.yml', line: 1, column: 15 });
    expect(originOf(['ssh', 'client'])).toEqual({ file: 'base.yml', line: 3, column: 15 });
    expect(originOf(['ssh', 'keepalive'])).toMatchObject({ file: 'site/1.yml', line: 2 });
    expect(originOf(['ssh'])).toMatchObject({ file: 'base.yml', line: 3 });
    expect(originOf(['nodes', 0, 'address'])).toMatchObject({ file: 'base.yml', line: 2 });
    expect(originOf(['network', 'plugin'])).toMatchObject({ file: 'site/2.yml', line: 1 });
    expect(originOf(['endpoint'])).toBeNull();
    expect(originOf(['ssh', 'known_hosts'])).toBeNull();
  });
});
