import { describe, expect, it } from 'vitest';
import { parseLimit } from '../../src/cli/nodes/parse-limit.ts';
import { selectNodes } from '../../src/cli/nodes/select-nodes.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { State } from '../../src/domain/state.ts';
import { configEnvironment } from '../support/config-environment.ts';

const FILE = `
nodes:
  - {address: 10.0.0.1, hostname_override: one, role: [etcd, controlplane], labels: {zone: a}}
  - {address: 10.0.0.2, role: [worker], labels: {zone: b, tier: front}}
  - {address: 10.0.0.3, role: [worker], internal_address: 192.168.0.3, labels: {zone: a}}
  - {address: '2001:db8::4', port: 2222, role: [worker]}
`;

const cluster = parseCluster(FILE, 'cluster.yml', configEnvironment({})).cluster as Cluster;
const state = { nodes: { x: { address: '10.0.0.2', port: 22, name: 'two' } } } as unknown as State;

const labels = (...words: string[]) => selectNodes(words, cluster, state).map(({ label }) => label);
const refusal = (...words: string[]) => {
  try {
    selectNodes(words, cluster, state);
  } catch (error) {
    return error as Error & { hint: string; exitCode: number };
  }
  throw new Error('nothing was refused');
};

describe('selectors', () => {
  it('are all without words, and by `all`', () => {
    expect(labels()).toEqual(['one', 'two', '10.0.0.3', '[2001:db8::4]:2222']);
    expect(labels('all')).toEqual(labels());
  });

  it('name nodes by the file, by the state, by address with and without port, by internal address', () => {
    expect(labels('one')).toEqual(['one']);
    expect(labels('TWO')).toEqual(['two']);
    expect(labels('10.0.0.2:22')).toEqual(['two']);
    expect(labels('2001:db8::4')).toEqual(['[2001:db8::4]:2222']);
    expect(labels('192.168.0.3')).toEqual(['10.0.0.3']);
  });

  it('take roles, with and without `role=`, and labels', () => {
    expect(labels('worker')).toEqual(['two', '10.0.0.3', '[2001:db8::4]:2222']);
    expect(labels('role=etcd')).toEqual(['one']);
    expect(labels('zone=a')).toEqual(['one', '10.0.0.3']);
  });

  it('add up, each node once and in the order of the file', () => {
    expect(labels('worker', 'tier=front', 'zone=a')).toEqual(labels('all'));
    expect(labels('two', 'one')).toEqual(['one', 'two']);
  });

  it('refuse every word that means nothing, and name what is near', () => {
    const { message, hint, exitCode } = refusal('wroker', 'one', 'zone=c', 'master');
    expect(message).toContain('"wroker", "zone=c", "master"');
    expect(message).not.toContain('"one"');
    expect(hint).toMatch(/^Did you mean worker, zone=[ab], controlplane\?/);
    expect(exitCode).toBe(3);
  });

  it('prefer a node’s name to a role of the same word', () => {
    const odd = {
      ...cluster,
      nodes: cluster.nodes.map((node, index) => (index === 0 ? { ...node, name: 'worker' } : node)),
    };
    expect(selectNodes(['worker'], odd, null).map(({ label }) => label)).toEqual(['worker']);
    expect(selectNodes(['role=worker'], odd, null)).toHaveLength(3);
  });

  it('call two nodes of one name by their keys', () => {
    const twins = { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, name: 'twin' })) };
    expect(selectNodes([], twins, null)[0]?.label).toBe('10.0.0.1:22');
  });
});

describe('--limit', () => {
  const limited = (text: string) =>
    selectNodes([], cluster, state, parseLimit(text)).map(({ label }) => label);

  it('takes the first of the file, as a number or as a share that is never nothing', () => {
    expect(limited('3')).toHaveLength(3);
    expect(limited('50%')).toEqual(['one', 'two']);
    expect(limited('10%')).toEqual(['one']);
    expect(limited('99')).toHaveLength(4);
    expect(limited('100%')).toHaveLength(4);
  });

  it.each(['0', '0%', '101%', '-1', 'x', '1.5', ''])('refuses %j', (text) =>
    expect(parseLimit(text)).toBeNull(),
  );
});
