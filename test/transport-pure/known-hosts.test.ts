import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HostKeyError } from '../../src/domain/errors.ts';
import { createHostKeys } from '../../src/transport/host-keys.ts';
import {
  fingerprintKey,
  indexKnownHosts,
  judgeHostKey,
  keyType,
  knownHostName,
  namesHost,
  orderHostKeyAlgorithms,
  parseKnownHosts,
} from '../../src/transport/known-hosts.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-known-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const makeKey = (name: string, type = 'ed25519'): { line: string; key: Buffer } => {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
  const [kind = '', body = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  return { line: `${kind} ${body}`, key: Buffer.from(body, 'base64') };
};
const one = makeKey('one');
const two = makeKey('two');
const ecdsa = makeKey('ecdsa', 'ecdsa');
const judge = (text: string, name: string, key: Buffer) =>
  judgeHostKey(indexKnownHosts(parseKnownHosts(text, 'f'))(name), key).kind;

describe('parseKnownHosts', () => {
  it('reads markers, types and line numbers, and passes over what is no entry', () => {
    const text = `# comment\n\nnode ${one.line} a comment\n@revoked * ${two.line}\nbroken\n@odd x ${one.line}\n`;
    const entries = parseKnownHosts(text, '/k');
    expect(entries.map(({ marker, hosts, type, line }) => [marker, hosts, type, line])).toEqual([
      [null, 'node', 'ssh-ed25519', 3],
      ['revoked', '*', 'ssh-ed25519', 4],
    ]);
  });
});

describe('namesHost', () => {
  const names = (hosts: string, name: string): boolean =>
    parseKnownHosts(`${hosts} ${one.line}`, 'f').some((entry) => namesHost(entry, name));

  it.each([
    ['node', 'node', true],
    ['Node', 'node', true],
    ['other,node', 'node', true],
    ['node', '[node]:2222', false],
    ['[node]:2222', '[node]:2222', true],
    ['[::1]:2222', '[::1]:2222', true],
    ['10.0.0.*', '10.0.0.7', true],
    ['10.0.0.?', '10.0.0.17', false],
    ['*,!bad', 'bad', false],
    ['*,!bad', 'good', true],
    ['a.b', 'axb', false],
  ])('%s against %s: %s', (hosts, name, expected) => {
    expect(names(hosts, name)).toBe(expected);
  });

  it('reads the hashes that ssh-keygen makes', () => {
    const file = join(folder, 'hashed');
    writeFileSync(file, `[10.0.0.1]:2222 ${one.line}\nnode ${two.line}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('node');
    expect(judge(text, '[10.0.0.1]:2222', one.key)).toBe('known');
    expect(judge(text, 'node', two.key)).toBe('known');
    expect(judge(text, 'node', one.key)).toBe('changed');
    expect(judge(text, 'nodes', two.key)).toBe('unknown');
  });
});

describe('judgeHostKey', () => {
  it('knows, does not know, and sees change', () => {
    expect(judge(`node ${one.line}`, 'node', one.key)).toBe('known');
    expect(judge(`node ${one.line}`, 'other', one.key)).toBe('unknown');
    expect(judge(`node ${one.line}`, 'node', two.key)).toBe('changed');
    expect(judge(`node ${ecdsa.line}\nnode ${one.line}`, 'node', one.key)).toBe('known');
  });

  it('takes a key of a type that is not on record as a change', () => {
    expect(judge(`node ${ecdsa.line}`, 'node', one.key)).toBe('changed');
  });

  it('never trusts a revoked key, even if it is on record as well', () => {
    expect(judge(`node ${one.line}\n@revoked * ${one.line}`, 'node', one.key)).toBe('revoked');
  });

  it('does not take an authority for a key of the host', () => {
    expect(judge(`@cert-authority node ${one.line}`, 'node', one.key)).toBe('unknown');
  });
});

describe('names, types and fingerprints', () => {
  it('writes names as OpenSSH does', () => {
    expect(knownHostName('Node', 22)).toBe('node');
    expect(knownHostName('::1', 22)).toBe('::1');
    expect(knownHostName('::1', 2222)).toBe('[::1]:2222');
  });

  it('prints the fingerprint that ssh-keygen prints', () => {
    const printed = execFileSync('ssh-keygen', ['-lf', join(folder, 'one.pub')], { encoding: 'utf8' });
    expect(printed).toContain(fingerprintKey(one.key));
    expect(keyType(ecdsa.key)).toBe('ecdsa-sha2-nistp256');
    expect(keyType(Buffer.alloc(2))).toBe('unknown');
  });

  it('offers the type on record first, and no SHA-1', () => {
    const order = orderHostKeyAlgorithms(parseKnownHosts(`node ${ecdsa.line}`, 'f'));
    expect(order[0]).toBe('ecdsa-sha2-nistp256');
    expect(order).toHaveLength(6);
    expect(order).not.toContain('ssh-rsa');
  });
});

describe('createHostKeys', () => {
  const owner = { name: 'node', target: 'root@node:22' };
  const system = join(folder, 'system');

  it('pins one of two keys that come at the same time, and refuses the other', async () => {
    const knownHosts = join(folder, 'new', 'known_hosts');
    const keys = createHostKeys({ hostKeys: 'accept-new', knownHosts }, system);
    const outcomes = await Promise.allSettled([keys.check(owner, one.key), keys.check(owner, two.key)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
    expect(readFileSync(knownHosts, 'utf8')).toBe(`node ${one.line.trim()}\n`);
  });

  it('does not glue its line to one that has no end', async () => {
    const knownHosts = join(folder, 'unfinished');
    writeFileSync(knownHosts, `other ${two.line}`);
    await createHostKeys({ hostKeys: 'accept-new', knownHosts }, system).check(owner, one.key);
    expect(readFileSync(knownHosts, 'utf8')).toBe(`other ${two.line}\nnode ${one.line}\n`);
  });

  it('sees what another program pinned meanwhile', async () => {
    const knownHosts = join(folder, 'meanwhile');
    const keys = createHostKeys({ hostKeys: 'accept-new', knownHosts }, system);
    await keys.check({ name: 'first', target: 'first' }, one.key);
    writeFileSync(knownHosts, `node ${two.line}\n`);
    await expect(keys.check(owner, one.key)).rejects.toThrow('another host key');
  });

  it('believes the system-wide file as well', async () => {
    writeFileSync(system, `node ${one.line}\n`);
    const keys = createHostKeys({ hostKeys: 'strict', knownHosts: join(folder, 'none') }, system);
    await expect(keys.check(owner, one.key)).resolves.toBeUndefined();
    rmSync(system);
  });

  it('tells of each host what its own lines say, and no other', async () => {
    const knownHosts = join(folder, 'several');
    writeFileSync(
      knownHosts,
      `node ${ecdsa.line}\nother ${one.line}\n@cert-authority *.example ${two.line}\n`,
    );
    const keys = createHostKeys({ hostKeys: 'strict', knownHosts }, system);
    expect((await keys.algorithms('node'))[0]).toBe('ecdsa-sha2-nistp256');
    expect((await keys.algorithms('other'))[0]).toBe('ssh-ed25519');
    expect((await keys.algorithms('a.example'))[0]).toBe('ssh-ed25519');
    expect([keys.needsCertAuthority('node'), keys.needsCertAuthority('a.example')]).toEqual([false, true]);
  });

  it('says why a first contact cannot be recorded', async () => {
    const knownHosts = join(folder, 'one', 'known_hosts'); // `one` is a file
    const keys = createHostKeys({ hostKeys: 'accept-new', knownHosts }, system);
    const error = await keys.check(owner, one.key).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(HostKeyError);
    expect(error).toMatchObject({ code: 'known-hosts-unwritable' });
  });
});
