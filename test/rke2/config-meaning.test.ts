import { describe, expect, it } from 'vitest';
import type { Rke2Values } from '../../src/domain/cluster.ts';
import { configDifferences } from '../../src/rke2/config-meaning.ts';

const CONTEXT = { name: 'n1', addresses: ['10.0.0.1', 'fd00::1'], defaultDns: () => ['10.43.0.10'] };
const OURS: Rke2Values = {
  server: 'https://10.0.0.9:9345',
  'node-name': 'n1',
  'node-ip': ['10.0.0.1'],
  'token-file': '/etc/rancher/rke2/server-token',
  'agent-token-file': '/etc/rancher/rke2/agent-token',
  'cluster-cidr': ['10.42.0.0/16'],
  'service-cidr': ['10.43.0.0/16'],
  'cluster-dns': ['10.43.0.10'],
  'cluster-domain': 'cluster.local',
  cni: ['canal'],
};
const differ = (found: Rke2Values, ours: Rke2Values = {}, side: 'server' | 'agent' = 'server') =>
  configDifferences(found, { ...OURS, ...ours }, side, CONTEXT);

describe('what two sets of settings say', () => {
  it('is the same where one writes down what the other leaves to RKE2', () => {
    expect(differ({ token: 'x' })).toEqual([]);
    expect(differ({ cni: 'canal', 'write-kubeconfig-mode': 420, 'secrets-encryption': true })).toEqual([]);
    expect(differ({ 'etcd-snapshot-retention': 5, debug: false, 'tls-san-security': true })).toEqual([]);
    expect(differ({ 'data-dir': '/var/lib/rancher/rke2/', 'node-name': 'N1' })).toEqual([]);
  });

  it('is the same in other forms: commas, order, numbers as text', () => {
    expect(
      differ(
        { disable: 'b, a', 'kube-apiserver-arg': ['v=2', 'a=b'], 'etcd-snapshot-retention': 9 },
        { disable: ['a', 'b'], 'kube-apiserver-arg': ['a=b', 'v=2'], 'etcd-snapshot-retention': '9' },
      ),
    ).toEqual([]);
  });

  it('differs in what one of them does not have, or has otherwise', () => {
    expect(
      differ({ debug: true, 'kubelet-arg': ['max-pods=10'] }, { 'kubelet-arg': ['max-pods=20'] }),
    ).toEqual(['debug', 'kubelet-arg']);
    expect(differ({ cni: ['multus', 'canal'] })).toEqual(['cni']);
    expect(differ({ 'cluster-cidr': '10.50.0.0/16' })).toEqual(['cluster-cidr']);
    expect(differ({}, { 'node-ip': ['10.9.9.9'] })).toEqual(['node-ip']);
    expect(differ({ 'tls-san-security': false })).toEqual(['tls-san-security']);
  });

  it('lets certificates gain names, and lose none', () => {
    expect(differ({ 'tls-san': 'a' }, { 'tls-san': ['a', 'b'] })).toEqual([]);
    expect(differ({ 'tls-san': ['a', 'b'] }, { 'tls-san': ['a'] })).toEqual(['tls-san']);
  });

  it('takes no notice of what an agent does not read', () => {
    const ours = { 'node-name': 'n1', 'node-ip': ['10.0.0.1'], 'token-file': '/x' };
    const found = { server: 'https://a:9345', token: 't', cni: 'cilium', 'tls-san': ['x'], nonsense: 1 };
    expect(configDifferences(found, ours, 'agent', CONTEXT)).toEqual([]);
  });

  it('knows that S3 keeps as many as the disk unless it is told', () => {
    expect(
      differ({ 'etcd-snapshot-retention': 8 }, { 'etcd-snapshot-retention': 8, 'etcd-s3-retention': 8 }),
    ).toEqual([]);
  });
});
