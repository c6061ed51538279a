import { describe, expect, it } from 'vitest';
import {
  addressAt,
  type Cidr,
  contains,
  familyOf,
  formatNetwork,
  normalizeAddress,
  overlaps,
  parseCidr,
} from '../../src/config/ip.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`${text} does not parse`);
  return parsed;
}

describe('addresses', () => {
  it.each([
    ['10.0.0.1', 4],
    ['255.255.255.255', 4],
    ['fd00::1', 6],
    ['::', 6],
    ['fe80::1%eth0', 6],
    ['10.0.0', null],
    ['0x0a.0.0.1', null],
    ['010.0.0.1', null],
    ['10.0.0.256', null],
    ['[fd00::1]', null],
    ['node1', null],
    ['1', null],
    ['', null],
  ])('%s is of family %s', (text, family) => {
    expect(familyOf(text)).toBe(family);
  });

  it('have one spelling', () => {
    expect(normalizeAddress('FD00:0:0:0::1')).toBe('fd00::1');
    expect(normalizeAddress('Node.example')).toBe('Node.example');
  });
});

describe('networks', () => {
  it.each([
    '10.42.0.0',
    '10.42.0.0/33',
    '10.42.0.0/-1',
    '10.42.0.0/16/1',
    'fd00::/129',
    '/16',
    'a/16',
    '10.0.0.0/1 6',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it.each([
    ['10.42.0.0/16', '10.42.0.0/16', true],
    ['10.42.0.0/16', '10.42.128.0/17', true],
    ['0.0.0.0/0', '10.43.0.0/16', true],
    ['10.42.0.0/16', '10.43.0.0/16', false],
    ['fd00:42::/56', 'fd00:42:0:ff::/112', true],
    ['fd00:42::/56', 'fd00:43::/112', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(cidr(a), cidr(b))).toBe(expected);
    expect(overlaps(cidr(b), cidr(a))).toBe(expected);
  });

  it('hold addresses and count them', () => {
    expect(contains(cidr('10.43.0.0/16'), '10.43.255.255')).toBe(true);
    expect(contains(cidr('10.43.0.0/16'), '10.44.0.0')).toBe(false);
    expect(contains(cidr('10.43.0.0/16'), 'node1')).toBe(false);
    expect(addressAt(cidr('10.43.0.0/16'), 10)).toBe('10.43.0.10');
    expect(addressAt(cidr('fd00:43::/112'), 10)).toBe('fd00:43::a');
    expect(addressAt(cidr('10.43.0.0/29'), 10)).toBeNull();
    expect(formatNetwork(cidr('10.42.3.4/16'))).toBe('10.42.0.0/16');
  });
});
