import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lateFlags } from '../../src/cli/compile-late.ts';

test('Node 20 is told to optimize later, its successors need not be', () => {
  expect(lateFlags('20.19.0')).toHaveLength(1);
  expect(lateFlags('22.3.0')).toEqual([]);
  expect(lateFlags('24.0.0')).toEqual([]);
});

test('this Node knows the flags, and does not say a word', () => {
  const words = lateFlags(process.versions.node).map((flag) => `v8.setFlagsFromString('${flag}')`);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', words.join(';')], {
    encoding: 'utf8',
  });
  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const flag of lateFlags(process.versions.node)) expect(known).toContain(`${flag.split('=')[0]} (`);
});
