import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { makeJsonSchema, renderJsonSchema } from '../../src/config/json-schema.ts';

const validate = new Ajv({ strict: false }).compile(makeJsonSchema());
const node = { address: '10.0.0.11', role: ['etcd', 'controlplane'] };

describe('the JSON Schema', () => {
  it('is the one in schemas/ (run this test with -u to write it anew)', async () => {
    await expect(renderJsonSchema()).toMatchFileSnapshot('../../schemas/cluster.schema.json');
  });

  it('takes empty keys, ports as text, and keys of RKE2', () => {
    const rke2 = {
      server: { debug: true, 'kubelet-arg': ['max-pods=200'], disable: 'rke2-metrics-server' },
    };
    const data = {
      nodes: [{ ...node, port: '22', user: null }],
      endpoint: null,
      ssh: { client: null },
      rke2,
    };
    expect(validate(data)).toBe(true);
  });

  it.each([
    { nodes: [] },
    { nodes: [{ address: '10.0.0.11', role: ['master'] }] },
    { nodes: [node], clustername: 'x' },
    { nodes: [{ ...node, port: 0 }] },
    { nodes: [node], rke2: { server: { token: 'x' } } },
    { nodes: [node], rke2: { server: { profile: 'cis' } } },
    { nodes: [node], profile: 'cis-1.23' },
    { nodes: [node], rke2: { agent: { 'etcd-s3': true } } },
  ])('refuses %j', (data) => {
    expect(validate(data)).toBe(false);
  });
});
