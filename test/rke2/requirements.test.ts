import { describe, expect, it } from 'vitest';
import { requiredDisk, serverSize } from '../../src/rke2/requirements.ts';

const GIB = 1024 ** 3;

describe('serverSize', () => {
  it.each([
    [0, 2],
    [225, 2],
    [226, 4],
    [1300, 8],
    [1301, 16],
  ])('for %i agents is %i CPUs', (agents, cpus) => {
    expect(serverSize(agents).cpus).toBe(cpus);
  });
});

describe('requiredDisk', () => {
  it('counts the bundles, what becomes of them, and the program, each where it lies', () => {
    const disk = requiredDisk({ tarballBytes: 10, imageBytes: GIB, prefix: '/opt/rke2' });
    expect(disk['/var/lib/rancher/rke2/agent/images']).toBe(GIB);
    expect(disk['/var/lib/rancher/rke2']).toBeGreaterThan(4 * GIB);
    expect(disk['/opt/rke2']).toBe(30);
  });

  it('keeps room for images that are pulled instead of sent', () => {
    const disk = requiredDisk({ tarballBytes: 0, imageBytes: 0, prefix: '/usr/local' });
    expect(disk['/var/lib/rancher/rke2']).toBeGreaterThan(4 * GIB);
  });
});
