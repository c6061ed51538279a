import { homedir, userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findCaller, localCluster, localConfigPath } from '../../src/cli/cluster-source.ts';
import { ConfigError } from '../../src/domain/errors.ts';

const CALLER = { user: 'ops', home: '/home/ops', owner: null };

describe('who called', () => {
  it('is the user, or the person behind sudo', () => {
    const self = { user: userInfo().username, home: homedir(), owner: null };
    expect(findCaller({})).toEqual(self);
    expect(findCaller({ SUDO_USER: 'root', SUDO_UID: '0', SUDO_GID: '0' })).toEqual(self);
    // A user that every system has.
    expect(findCaller({ SUDO_USER: 'daemon', SUDO_UID: '1', SUDO_GID: '1' })).toMatchObject({
      user: 'daemon',
      owner: { uid: 1, gid: 1 },
    });
    expect(findCaller({ SUDO_USER: 'daemon', SUDO_UID: '1', SUDO_GID: '1' }).home).not.toBe(homedir());
  });

  it('has the things of --local in one stated place', () => {
    expect(localConfigPath(CALLER)).toBe('/home/ops/.rke2ctl/local.yml');
  });
});

describe('the cluster of --local', () => {
  it('is this machine, with all roles and its own name', () => {
    const { name, nodes, version, kubeconfig } = localCluster(CALLER, {});
    expect({ name, version }).toEqual({ name: 'local', version: null });
    expect(nodes).toMatchObject([{ name: null, roles: ['etcd', 'controlplane', 'worker'] }]);
    expect(kubeconfig.path).toBe('/home/ops/.rke2ctl/kube_config_local.yml');
  });

  it('takes artifacts, version and channel', () => {
    const cluster = localCluster(CALLER, { artifacts: '/srv/a: b', version: 'v1.35.7+rke2r1' });
    expect(cluster.install).toMatchObject({ method: 'airgap', artifacts: '/srv/a: b' });
    expect(cluster.version).toBe('v1.35.7+rke2r1');
    expect(localCluster(CALLER, { channel: 'latest' }).install).toMatchObject({
      method: 'script',
      channel: 'latest',
    });
  });

  it.each(['1.35', 'v1.35.7', '"\n  evil: true'])('refuses the version %j in words', (version) => {
    expect(() => localCluster(CALLER, { version })).toThrow(ConfigError);
  });
});
