import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openEncryption } from './encryption.ts';

const directory = mkdtempSync(join(tmpdir(), 'encryption-'));
const file = join(directory, 'encryption-config.json');
afterAll(() => rmSync(directory, { recursive: true }));

const key = (name: string, fill: number) => ({ name, secret: Buffer.alloc(32, fill).toString('base64') });

function write(...providers: readonly object[]): void {
  writeFileSync(file, JSON.stringify({ resources: [{ resources: ['secrets'], providers }] }));
}

const plain = Buffer.from('{"kind":"Secret"}');
const IDENTITY = { identity: {} };

test.each([
  ['aescbc', 'k8s:enc:aescbc:v1:one:'],
  ['secretbox', 'k8s:enc:secretbox:v1:one:'],
])('%s: encrypts under the name of its first key, reads with the others', (provider, prefix) => {
  write({ [provider]: { keys: [key('one', 1)] } }, IDENTITY);
  const encryption = openEncryption(file);
  const stored = encryption.encode(plain, '/a');
  expect(stored.subarray(0, prefix.length).toString()).toBe(prefix);
  expect(stored.includes('Secret')).toBe(false);
  expect(encryption.decode(stored, '/a')).toEqual({ plain, isStale: false });
  write({ [provider]: { keys: [key('two:22:00Z', 2), key('one', 1)] } }, IDENTITY);
  expect(encryption.decode(stored, '/a')).toEqual({ plain, isStale: true });
  write({ [provider]: { keys: [key('two:22:00Z', 2)] } }, IDENTITY);
  expect(() => encryption.decode(stored, '/a')).toThrow(
    'unable to transform key "/a": no matching prefix found',
  );
  write({ [provider]: { keys: [key('one', 3)] } }, IDENTITY);
  expect(() => encryption.decode(stored, '/a')).toThrow('unable to transform key');
});

test('what lies there in the clear is read, and written anew at the next occasion', () => {
  write({ aescbc: { keys: [key('one', 1)] } }, IDENTITY);
  expect(openEncryption(file).decode(plain, '/a')).toEqual({ plain, isStale: true });
  write(IDENTITY, { aescbc: { keys: [key('one', 1)] } });
  expect(openEncryption(file).encode(plain, '/a')).toEqual(plain);
});
