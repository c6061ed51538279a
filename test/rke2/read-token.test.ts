import { expect, it } from 'vitest';
import { readToken } from '../../src/rke2/read-token.ts';

const HASH = 'ab'.repeat(32);

it.each([
  [`K10${HASH}::server:secret\n`, { caHash: HASH, kind: 'password', secret: 'secret' }],
  [`K10${HASH}::node:se:cret`, { caHash: HASH, kind: 'password', secret: 'se:cret' }],
  [
    `K10${HASH}::abcdef.0123456789abcdef`,
    { caHash: HASH, kind: 'bootstrap', secret: 'abcdef.0123456789abcdef' },
  ],
  ['abcdef.0123456789abcdef', { caHash: null, kind: 'bootstrap', secret: 'abcdef.0123456789abcdef' }],
  ['plain', { caHash: null, kind: 'password', secret: 'plain' }],
  ['K10short::server:x', { caHash: null, kind: 'password', secret: 'K10short::server:x' }],
  [' \n', null],
])('takes %j apart', (text, token) => {
  expect(readToken(text)).toEqual(token);
});
