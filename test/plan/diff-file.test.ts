import { describe, expect, it } from 'vitest';
import { diffFile, type FileChange, groupDiffs } from '../../src/plan/diff-file.ts';

const change = (overrides: Partial<FileChange>) =>
  diffFile({
    path: '/etc/rancher/rke2/config.yaml',
    before: 'a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n',
    after: 'a: 1\nb: 2\nc: 3\nd: 4\ne: 6\n',
    secret: false,
    mask: (text) => text,
    obstacle: null,
    ...overrides,
  });

describe('diffFile', () => {
  it('shows few lines around what changes', () => {
    expect(change({})).toMatchObject({
      change: 'changed',
      lines: ['@@ -3,3 +3,3 @@', ' c: 3', ' d: 4', '-e: 5', '+e: 6'],
      note: null,
    });
  });

  it('shows a new file whole, and one that goes', () => {
    expect(change({ before: null, after: 'a: 1\n' })).toMatchObject({ change: 'new', lines: ['+a: 1'] });
    expect(change({ before: 'a: 1\n', after: null })).toMatchObject({ change: 'removed', lines: ['-a: 1'] });
  });

  it('shows nothing of a secret file, and masks the others on both sides', () => {
    expect(change({ secret: true })).toMatchObject({ lines: [], note: 'secret, changed' });
    const mask = (text: string) => text.replaceAll(/\d/g, '#');
    expect(change({ mask })).toMatchObject({ lines: [], note: 'it differs in secrets only' });
  });

  it('says why there is nothing to see', () => {
    expect(change({ after: undefined })).toMatchObject({ note: expect.stringContaining('first server') });
    expect(change({ obstacle: 'it is too big' })).toMatchObject({ note: 'it is too big' });
    expect(change({ before: 'a\0b' })).toMatchObject({ note: 'changed, not a text' });
    const same = 'a: 1\n';
    expect(change({ before: same, after: same })).toMatchObject({ note: 'the same text, with another mode' });
  });

  it('cuts what nobody reads', () => {
    const long = Array.from({ length: 500 }, (_, line) => `line ${line}\n`).join('');
    expect(change({ before: null, after: long })).toMatchObject({ note: '380 more lines' });
  });
});

describe('groupDiffs', () => {
  it('takes as one what differs in names and addresses only', () => {
    const of = (name: string, address: string, label: string) => ({
      node: { name, words: [name, address] },
      diff: change({ before: null, after: `node-name: ${name}\nnode-ip: ${address}\nlabel: ${label}\n` }),
    });
    const groups = groupDiffs([
      of('w1', '10.0.0.1', 'a'),
      of('w10', '10.0.0.10', 'a'),
      of('w3', '10.0.0.3', 'other'),
    ]);
    expect(groups.map(({ nodes }) => nodes)).toEqual([['w1', 'w10'], ['w3']]);
    expect(groups[0]?.lines[0]).toBe('+node-name: w1');
  });
});
