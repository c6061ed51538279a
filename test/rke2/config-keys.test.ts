import { describe, expect, it } from 'vitest';
import { ownedKeys } from '../../src/config/owned-keys.ts';
import { CONFIG_KEYS, findConfigKey, findNeededVersion } from '../../src/rke2/config-keys.ts';
import { parseVersion } from '../../src/rke2/version.ts';

describe('the keys of config.yaml', () => {
  it('are each there once', () => {
    const names = CONFIG_KEYS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.every((name) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toBe(true);
  });

  it.each([
    ['tls-san', 'list', 'server'],
    ['kubelet-arg', 'list', 'both'],
    ['etcd-s3-retention', 'number', 'server'],
    ['etcd-s3-timeout', 'duration', 'server'],
    ['selinux', 'flag', 'both'],
    ['kube-apiserver-extra-mount', 'list', 'both'],
    ['cloud-controller-manager-extra-env', 'list', 'both'],
    ['system-default-registry', 'text', 'server'],
    ['node-ip', 'list', 'both'],
    ['disable', 'list', 'server'],
  ])('%s is a %s for %s', (name, type, side) => {
    expect(findConfigKey(name)).toMatchObject({ name, type, side });
  });

  it.each(['cluster-init', 'flannel-backend', 'docker', 'tls-sans', '__proto__', ''])(
    '%j is none of them',
    (name) => {
      expect(findConfigKey(name)).toBeNull();
    },
  );

  it('include every key that cannot be set by hand', () => {
    expect([...ownedKeys().keys()].filter((name) => !findConfigKey(name))).toEqual([]);
  });
});

describe('findNeededVersion', () => {
  const key = findConfigKey('ingress-controller');
  it.each([
    ['v1.27.16+rke2r1', 'v1.28.12+rke2r1'],
    ['v1.28.11+rke2r1', 'v1.28.12+rke2r1'],
    ['v1.28.12+rke2r1', null],
    ['v1.29.6+rke2r1', 'v1.29.7+rke2r1'],
    ['v1.30.3+rke2r1', null],
    ['v1.31.0+rke2r1', null],
    ['v1.36.4+rke2r1', null],
  ])('for ingress-controller on %s is %s', (tag, needed) => {
    const version = parseVersion(tag);
    if (!key || !version) throw new Error('no key or no version');
    expect(findNeededVersion(key, version)).toBe(needed);
  });

  it('is nothing for keys that have always been there', () => {
    const version = parseVersion('v1.20.0+rke2r1');
    const debug = findConfigKey('debug');
    if (!debug || !version) throw new Error('no key or no version');
    expect(findNeededVersion(debug, version)).toBeNull();
  });
});
