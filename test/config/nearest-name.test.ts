import { describe, expect, it } from 'vitest';
import { findNearestName, measureDistance } from '../../src/config/nearest-name.ts';

describe('measureDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['address', 'adress', 1],
    ['etdc', 'etcd', 1],
    ['kitten', 'sitting', 3],
  ])('%j and %j are %i apart', (a, b, distance) => {
    expect(measureDistance(a, b)).toBe(distance);
    expect(measureDistance(b, a)).toBe(distance);
  });
});

describe('findNearestName', () => {
  const roles = ['controlplane', 'etcd', 'worker'];
  it.each([
    ['control-plane', 'controlplane'],
    ['etdc', 'etcd'],
    ['Worker', 'worker'],
    ['master', 'controlplane'],
    ['agent', 'worker'],
    ['all', null],
    ['constructor', null],
    ['', null],
  ])('%j is taken for %j', (word, role) => {
    expect(findNearestName(word, roles)).toBe(role);
  });

  it('finds the one key that a word is a part of', () => {
    expect(findNearestName('timeout', ['connect_timeout', 'keepalive'])).toBe('connect_timeout');
    expect(findNearestName('path', ['ssh_key_path', 'ssh_cert_path'])).toBeNull();
  });
});
