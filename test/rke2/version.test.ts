import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  countMinorsBetween,
  formatVersion,
  parseVersion,
  type Rke2Version,
  toImageTag,
  toRpmVersion,
  toUrlVersion,
} from '../../src/rke2/version.ts';

function version(tag: string): Rke2Version {
  const parsed = parseVersion(tag);
  if (!parsed) throw new Error(`${tag} does not parse`);
  return parsed;
}

describe('parseVersion', () => {
  it.each(['v1.35.7+rke2r1', 'v1.24.3-rc1+rke2r1', 'v1.36.10+rke2r12', 'v10.0.0+rke2r1'])(
    'reads %s and writes it back',
    (tag) => {
      expect(formatVersion(version(tag))).toBe(tag);
    },
  );

  it.each([
    '1.35.7+rke2r1',
    'v1.35.7',
    'v1.35+rke2r1',
    'v1.35.7+k3s1',
    'v1.35.7-rke2r1',
    'v1.21.5-rancher1-1',
    'v1.35.7+rke2r1 ',
    'v1.35.7+rke2',
    'v1.35.7-alpha1+rke2r1',
    '',
    'stable',
  ])('does not take %j', (tag) => {
    expect(parseVersion(tag)).toBeNull();
  });
});

describe('compareVersions', () => {
  it('sorts by numbers, a candidate before its release, then by build', () => {
    const sorted = [
      'v1.34.9+rke2r1',
      'v1.35.0-rc1+rke2r1',
      'v1.35.0-rc2+rke2r1',
      'v1.35.0-rc10+rke2r1',
      'v1.35.0+rke2r1',
      'v1.35.0+rke2r2',
      'v1.35.0+rke2r10',
      'v1.35.2+rke2r1',
      'v1.35.10+rke2r1',
      'v1.36.0+rke2r1',
      'v2.0.0+rke2r1',
    ];
    const shuffled = sorted.toReversed();
    expect(
      shuffled
        .map(version)
        .sort(compareVersions)
        .map((each) => formatVersion(each)),
    ).toEqual(sorted);
    expect(compareVersions(version('v1.35.0+rke2r1'), version('v1.35.0+rke2r1'))).toBe(0);
  });
});

describe('countMinorsBetween', () => {
  it.each([
    ['v1.35.7+rke2r1', 'v1.36.4+rke2r1', 1],
    ['v1.35.7+rke2r1', 'v1.35.9+rke2r1', 0],
    ['v1.36.4+rke2r1', 'v1.33.1+rke2r1', -3],
    ['v1.36.4+rke2r1', 'v2.0.0+rke2r1', null],
  ])('%s to %s is %s', (from, to, distance) => {
    expect(countMinorsBetween(version(from), version(to))).toBe(distance);
  });
});

describe('spellings', () => {
  it('escapes the plus in a URL', () => {
    expect(toUrlVersion('v1.24.3-rc1+rke2r1')).toBe('v1.24.3-rc1%2Brke2r1');
  });
  it('has no plus in an image tag', () => {
    expect(toImageTag('v1.35.7+rke2r1')).toBe('v1.35.7-rke2r1');
  });
  it('has tildes and no v in an RPM version', () => {
    expect(toRpmVersion('v1.36.4+rke2r1')).toBe('1.36.4~rke2r1');
    expect(toRpmVersion('v1.24.3-rc1+rke2r1')).toBe('1.24.3~rc1~rke2r1');
  });
});
