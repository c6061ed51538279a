import { expect, it } from 'vitest';
import { parseHostArgument } from '../../src/cli/adopt/host-argument.ts';

it.each([
  ['10.0.0.1', { address: '10.0.0.1' }],
  ['root@node1.example.com:2222', { address: 'node1.example.com', user: 'root', port: 2222 }],
  ['ops@fd00::1', { address: 'fd00::1', user: 'ops' }],
  ['[fd00::1]:2222', { address: 'fd00::1', port: 2222 }],
])('reads %s', (text, host) => {
  expect(parseHostArgument(text)).toEqual(host);
});

it.each(['', 'a b', 'host:0', 'host:99999', 'host:ssh', '@host', 'user@'])('refuses %j', (text) => {
  expect(() => parseHostArgument(text)).toThrow(/is not a host/);
});
