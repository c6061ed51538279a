import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarkedOutput } from '../../src/transport/marked-output.ts';
import { wrapCommand } from '../../src/transport/wrap-command.ts';

const SHELLS = [['/bin/sh'], ['/bin/bash'], ['/usr/bin/fish'], ['/bin/tcsh'], ['/bin/busybox', 'sh']].filter(
  ([path]) => path !== undefined && existsSync(path),
);

const runIn = (shell: string[], command: string, tellExit: boolean) => {
  const { line, token } = wrapCommand(command, { tellExit });
  const [program = '', ...args] = [...shell, '-c', line];
  const markers = new MarkedOutput(token, { tellExit });
  const output = execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const text = Buffer.concat([markers.push(output), markers.flush()]).toString();
  return { text, group: markers.group, exitCode: markers.exitCode };
};

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))(
  'wrapCommand in %s',
  (_name, shell) => {
    it.each([true, false])('hands the line to /bin/sh as it is (tellExit %s)', (tellExit) => {
      const command =
        "printf '%s|' 'a\\b' \"it's\" '!x' 'two\nlines' ü '$HOME' \"$((1+1))\" '\\0101' '100%' '`id`'";
      const result = runIn(shell, command, tellExit);
      expect(result.text).toBe("a\\b|it's|!x|two\nlines|ü|$HOME|2|\\0101|100%|`id`|");
      expect(result.group).toBeGreaterThan(1);
      expect(result.exitCode).toBe(tellExit ? 0 : null);
    });
  },
);

describe('wrapCommand', () => {
  it('keeps any text, quoted for sh, through sh', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        fc.pre(!text.includes('\0'));
        const command = `printf %s '${text.replaceAll("'", `'\\''`)}'`;
        expect(runIn(['/bin/sh'], command, false).text).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a line that no host could take', () => {
    expect(() => wrapCommand('x'.repeat(131_072), { tellExit: false })).toThrow(RangeError);
  });
});

describe('MarkedOutput', () => {
  const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
    const chunks: Buffer[] = [];
    let at = 0;
    for (const size of [...sizes, bytes.length]) {
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    return chunks;
  };

  it('takes the markers out wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }),
        (body, sizes) => {
          const markers = new MarkedOutput('abc', { tellExit: true });
          const stream = Buffer.concat([
            Buffer.from('noise\nrke2ctl:abc:g42\n'),
            body,
            Buffer.from('rke2ctl:abc:x7\n'),
          ]);
          const out = Buffer.concat([...cut(stream, sizes).map((it) => markers.push(it)), markers.flush()]);
          expect([...out]).toEqual([...body]);
          expect([markers.group, markers.exitCode]).toEqual([42, 7]);
        },
      ),
    );
  });

  it('gives everything out when no marker ever comes', () => {
    const markers = new MarkedOutput('abc', { tellExit: false });
    expect(markers.push(Buffer.from('This account is not available.\n'))).toHaveLength(0);
    expect(markers.flush().toString()).toBe('This account is not available.\n');
    expect(markers.group).toBeNull();
  });

  it('leaves what looks like a marker of another command alone', () => {
    const markers = new MarkedOutput('abc', { tellExit: true });
    markers.push(Buffer.from('rke2ctl:abc:g1\n'));
    expect(markers.push(Buffer.from('rke2ctl:xyz:x0\n')).toString()).toBe('rke2ctl:xyz:x0\n');
    expect(markers.exitCode).toBeNull();
  });
});
