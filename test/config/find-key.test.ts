import { describe, expect, it } from 'vitest';
import { findKey, listBelow } from '../../src/config/find-key.ts';
import { keyTable } from '../../src/config/keys/key-table.ts';

const nameOf = (asked: string) => {
  const found = findKey(asked);
  return found.kind === 'row' ? found.row.path : found;
};

describe('a key that somebody names', () => {
  it.each([
    ['nodes', 'nodes'],
    ['nodes[].port', 'nodes[].port'],
    ['nodes[0].port', 'nodes[].port'],
    ['nodes.port', 'nodes[].port'],
    [' ssh.client ', 'ssh.client'],
    ['host_keys', 'ssh.host_keys'],
  ])('%s is %s', (asked, path) => {
    expect(nameOf(asked)).toBe(path);
  });

  it('is found for every row of the table under its own path', () => {
    const wrong = keyTable().filter(({ path }) => nameOf(path) !== path);
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('of RKE2’s own config.yaml is known below rke2', () => {
    expect(findKey('rke2.server.etcd-expose-metrics')).toMatchObject({
      kind: 'rke2',
      key: { name: 'etcd-expose-metrics', type: 'flag', side: 'server' },
    });
    expect(findKey('rke2.agent.etcd-expose-metrics').kind).toBe('unknown');
  });

  it.each([
    ['ssh.clinet', 'ssh.client'],
    ['nodes[].lables', 'nodes[].labels'],
    ['kubernets_version', 'kubernetes_version'],
    ['install.host_keys', 'ssh.host_keys'],
    ['weave', 'network.weave_network_provider'],
  ])('that is not there, as %s, has %s near it', (asked, near) => {
    const found = findKey(asked);
    expect(found.kind === 'unknown' && found.nearest).toContain(near);
  });

  it('that is like nothing has nothing near it', () => {
    expect(findKey('xyzzy.plugh')).toEqual({ kind: 'unknown', nearest: [] });
  });
});

describe('the keys one level down', () => {
  it('of the top are those without a parent', () => {
    const top = listBelow('').map(({ path }) => path);
    expect(top).toEqual(keyTable().flatMap(({ path }) => (path.includes('.') ? [] : [path])));
  });

  it('of a list are those of its entries', () => {
    const paths = listBelow('nodes').map(({ path }) => path);
    expect(paths).toContain('nodes[].address');
    expect(paths.every((path) => /^nodes\[\]\.[\w-]+$/.test(path))).toBe(true);
  });
});
