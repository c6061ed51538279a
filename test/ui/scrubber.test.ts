import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createScrubber, SCRUBBED } from '../../src/ui/scrubber.ts';

const scrubberOf = (...values: string[]) => createScrubber(values.map((value) => new Secret(value)));

const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDq3Zbq4h1mFQ2P3cDNdEYsAAAAC3NzaC1lZDI1NTE5AAAAIOrdlurCHWYV
-----END OPENSSH PRIVATE KEY-----
`;

describe('scrub', () => {
  it.each([
    ['plain', 'tok"en\\with\nall', (value: string) => `token=${value};`],
    ['in JSON', 'tok"en\\with\nall', (value: string) => JSON.stringify({ token: value })],
    [
      'in JSON in JSON',
      'tok"en\\1',
      (value: string) => JSON.stringify({ msg: JSON.stringify({ token: value }) }),
    ],
    ['in a URL', 'p@ss/word?', (value: string) => `https://u:${encodeURIComponent(value)}@host/`],
    ['quoted for the shell', "it's-secret", (value: string) => `printf '${value.replaceAll("'", `'\\''`)}'`],
    ['quoted for YAML', "it's-secret", (value: string) => `token: '${value.replaceAll("'", "''")}'`],
    ['in base64', 'hunter2-hunter2', (value: string) => Buffer.from(value).toString('base64')],
    [
      'in a basic-auth header',
      'hunter2-hunter2',
      (value: string) => `Basic ${Buffer.from(`server:${value}`).toString('base64')}`,
    ],
    [
      'in a basic-auth header, shifted by one',
      'hunter2-hunter2',
      (value: string) => `Basic ${Buffer.from(`u2:${value}`).toString('base64')}`,
    ],
    ['in base64url', 'aé>ÿÿ?ÿ~secret', (value: string) => Buffer.from(value).toString('base64url')],
  ])('takes a secret out %s', (_, value, wrap) => {
    const scrubbed = scrubberOf(value).scrub(wrap(value));
    expect(scrubbed).toContain(SCRUBBED);
    for (const form of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
      expect(scrubbed).not.toContain(form);
    }
    const base64 = Buffer.from(value).toString('base64').slice(4, 12);
    expect(scrubbed).not.toContain(base64);
  });

  it('takes out any single line of a key, and leaves the words around it', () => {
    const { scrub } = scrubberOf(KEY);
    expect(scrub(`a ${KEY} b`)).toBe(`a ${SCRUBBED} b`);
    expect(scrub('> QyNTUxOQAAACDq3Zbq4h1mFQ2P3cDNdEYsAAAAC3NzaC1lZDI1NTE5AAAAIOrdlurCHWYV')).toBe(
      `> ${SCRUBBED}`,
    );
    expect(scrub('-----BEGIN OPENSSH PRIVATE KEY-----')).toContain('BEGIN');
  });

  it('leaves the lines that a secret manifest has in common with all others', () => {
    const { scrub } = scrubberOf(
      'apiVersion: "v1"\nkind: Secret\nmetadata:\n  namespace: "kube-system"\nstringData:\n  password: "hunter2-hunter2"\n',
    );
    const other = 'apiVersion: "v1"\nmetadata:\n  namespace: "kube-system"\nstringData:\n';
    expect(scrub(other)).toBe(other);
    expect(scrub('got password: "hunter2-hunter2"')).toBe(`got ${SCRUBBED}`);
  });

  it('takes short secrets out only where they stand alone', () => {
    const { scrub } = scrubberOf('ab');
    expect(scrub('the cab sat; ab!')).toBe(`the cab sat; ${SCRUBBED}!`);
  });

  it('leaves no end of a secret that overlaps another', () => {
    expect(scrubberOf('abcdef', 'defghi').scrub('xabcdefghix')).toBe(`x${SCRUBBED}x`);
  });

  it('learns secrets while the run goes on, and ignores empty ones', () => {
    const scrubber = scrubberOf('');
    expect(scrubber.scrub('later-token')).toBe('later-token');
    scrubber.add(new Secret('later-token'));
    expect(scrubber.scrub('<later-token>')).toBe(`<${SCRUBBED}>`);
  });
});

describe('stream', () => {
  it('finds a secret wherever the pieces are cut', () => {
    const secret = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        secret,
        fc.string(),
        fc.string(),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (value, a, b, cuts) => {
          const text = `${a}${value}${b}`;
          const scrubber = scrubberOf(value);
          const stream = scrubber.stream();
          let shown = '';
          let from = 0;
          for (const cut of [...cuts].sort((x, y) => x - y)) {
            shown += stream.push(text.slice(from, cut));
            from = Math.max(from, cut);
          }
          shown += stream.push(text.slice(from)) + stream.end();
          expect(shown).toBe(scrubber.scrub(text));
        },
      ),
    );
  });

  it('does not hold back what cannot be part of a secret', () => {
    const stream = scrubberOf('secret-token').stream();
    expect(stream.push('hello\n')).toBe('hello\n');
    expect(stream.push('sec')).toBe('');
    expect(stream.push('ond\n')).toBe('second\n');
    expect(stream.push('my secret-to')).toBe('my ');
    expect(stream.push('ken.')).toBe(`${SCRUBBED}.`);
  });

  it('copes with short secrets at the edges', () => {
    const stream = scrubberOf('ab').stream();
    const shown = stream.push('x a') + stream.push('b') + stream.push('c ab') + stream.end();
    expect(shown).toBe(`x abc ${SCRUBBED}`);
  });
});
