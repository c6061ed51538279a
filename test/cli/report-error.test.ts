import { afterEach, describe, expect, it, vi } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code-of.ts';
import { reportError } from '../../src/cli/report-error.ts';
import {
  CancelledError,
  CheckError,
  ConfigError,
  LockedError,
  Rke2ctlError,
} from '../../src/domain/errors.ts';

const FINDING = {
  severity: 'error',
  code: 'swap',
  message: 'Swap is on.',
  hint: 'Switch it off.',
  node: 'n1',
} as const;

/** What `reportError` writes and gives. */
function report(error: unknown, output: 'text' | 'json' = 'text') {
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  }
  const code = reportError(error, { output });
  vi.restoreAllMocks();
  return { ...written, code };
}

afterEach(() => vi.restoreAllMocks());

describe('reportError', () => {
  it.each([
    [new ConfigError('Two mistakes.', [FINDING]), 3],
    [new CheckError([FINDING]), 1],
    [new LockedError('ops holds it.', 'Wait.'), 5],
    [new CancelledError(), 130],
    [new Rke2ctlError({ code: 'x', message: 'm', hint: 'h' }), 1],
    [new Rke2ctlError({ code: 'x', message: 'm', hint: 'h', exitCode: 4 }), 4],
    [new TypeError('oops'), 1],
    ['a thrown word', 1],
  ])('%s ends with %i', (error, code) => {
    expect(report(error).code).toBe(code);
  });

  it('tells people on stderr: findings first, then what and what next', () => {
    const { stdout, stderr } = report(new CheckError([FINDING]));
    expect(stdout).toBe('');
    expect(stderr.indexOf('Swap is on.')).toBeGreaterThanOrEqual(0);
    expect(stderr.indexOf('Swap is on.')).toBeLessThan(stderr.indexOf('The hosts are not ready'));
    expect(stderr).toContain('--ignore-check NAME');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('tells scripts on stdout, in one line of JSON', () => {
    const { stdout, stderr } = report(new CheckError([FINDING]), 'json');
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'error',
      code: 'checks-failed',
      diagnostics: [FINDING],
    });
  });
});

describe('exitCodeOf', () => {
  it.each([
    ['done', 0],
    ['nothing-to-do', 0],
    ['partly', 4],
    ['failed', 1],
    ['cancelled', 130],
  ] as const)('%s is %i', (outcome, code) => {
    expect(exitCodeOf({ outcome, durationMs: 0, nodes: [] })).toBe(code);
  });
});
