import { describe, expect, it } from 'vitest';
import { readProbeOutput } from '../../../src/host/probe/probe-output.ts';
import { probeText } from '../../support/probe-text.ts';

const read = (files: Readonly<Record<string, string>>) =>
  readProbeOutput(`@m text\n${probeText(files)}\n@m end\n`, '@m');

describe('text files of the answer', () => {
  it('come through whole, whatever their lines begin with', () => {
    const odd = '/etc/b\n:x\n\n/etc/a:\n ';
    const output = read({ '/etc/a': 'one', '/etc/b': odd, '/etc/c:d': 'last' });
    expect(output.paths()).toEqual(['/etc/a', '/etc/b', '/etc/c:d']);
    expect(output.fileText('/etc/b')).toBe(odd);
    expect(output.file('/etc/b')).toEqual(odd.split('\n'));
    expect(output.word('/etc/a')).toBe('one');
    expect(output.fileText('/etc/c:d')).toBe('last');
  });

  it('are asked for single lines without those of another file', () => {
    const output = read({ '/etc/a': 'x=1\ny=2', '/etc/b': 'z=3\nx=4' });
    expect(output.entry('/etc/a', 'x=')).toBe('1');
    expect(output.entry('/etc/b', 'x=')).toBe('4');
    expect(output.entry('/etc/a', 'z=')).toBeNull();
    expect(output.entry('/etc', '')).toBeNull();
    expect(output.entry('/etc/b', '')).toBe('z=3');
  });

  it('that are not there are told apart from empty lines', () => {
    const output = read({ '/etc/a': '' });
    expect([output.fileText('/etc/a'), output.file('/etc/a'), output.word('/etc/a')]).toEqual(['', [''], '']);
    expect([output.fileText('/etc/b'), output.file('/etc/b'), output.word('/etc/b')]).toEqual([
      null,
      null,
      '',
    ]);
  });
});
