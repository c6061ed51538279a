import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { countStoredSecrets, readEncryptionStatus } from '../../src/host/secrets-encryption.ts';

function hostThatSays(stdout: string): Host {
  return {
    target: 'ops@10.0.0.1:22',
    hostKey: null,
    run: async () => ({ exitCode: 0, stdout, stderr: '' }),
    start: () => Promise.reject(new Error('not here')),
  } as unknown as Host;
}

describe('what RKE2 says of its encryption', () => {
  it('is read with the kinds of its keys', async () => {
    const said = {
      stage: 'rotate',
      activekey: 'XSalsa20-POLY1305 secretboxkey-2026-11-21T15:00:00Z',
      enable: true,
      hasherror: 'hash does not match between a and b',
      inactivekeys: ['AES-CBC aescbckey'],
    };
    expect(await readEncryptionStatus(hostThatSays(JSON.stringify(said)))).toEqual({
      enabled: true,
      stage: 'rotate',
      active: { provider: 'secretbox', name: 'secretboxkey-2026-11-21T15:00:00Z' },
      inactive: [{ provider: 'aescbc', name: 'aescbckey' }],
      difference: 'hash does not match between a and b',
    });
  });

  it('is off where it has no configuration, and an error where it is nothing of the kind', async () => {
    expect(await readEncryptionStatus(hostThatSays('{"stage":"","activekey":""}'))).toMatchObject({
      enabled: false,
      active: null,
    });
    await expect(readEncryptionStatus(hostThatSays('Encryption Status: '))).rejects.toThrow('exit code');
  });
});

describe('Secrets as they lie in etcd', () => {
  const line = (text: string) => Buffer.from(text).toString('base64').slice(0, 100);
  const key = { provider: 'aescbc', name: 'aescbckey-2026-11-21T15:00:00Z' } as const;

  it('are counted by their key, whose name has colons in it', async () => {
    const lines = [
      line(`k8s:enc:aescbc:v1:${key.name}:and what is encrypted`),
      line('k8s:enc:aescbc:v1:aescbckey-2026:and what is encrypted'),
      line('{"kind":"Secret"}'),
    ];
    expect(await countStoredSecrets(hostThatSays(lines.join('\n')), key)).toEqual({
      withKey: 1,
      otherwise: 2,
    });
  });

  it('are none that nobody has seen where etcd gives no answer', async () => {
    await expect(countStoredSecrets(hostThatSays('failed\n'), key)).rejects.toThrow('etcd gave no answer');
  });
});
