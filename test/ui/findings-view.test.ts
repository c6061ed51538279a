import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { renderError } from '../../src/ui/error-view.ts';
import { renderFindings } from '../../src/ui/findings-view.ts';
import { decideStyle } from '../../src/ui/style.ts';

const FINDINGS: readonly Diagnostic[] = [
  {
    severity: 'error',
    code: 'ports-free',
    node: '10.0.0.1',
    message: 'Port 6443/tcp (Kubernetes API) is taken by nginx (812) on 0.0.0.0.',
    hint: 'Stop it or move it to another port.',
  },
  {
    severity: 'warning',
    code: 'swap',
    node: '10.0.0.1',
    message: 'There is swap.',
    hint: 'Run `swapoff -a`.',
  },
  {
    severity: 'warning',
    code: 'swap',
    node: '10.0.0.2',
    message: 'There is swap.',
    hint: 'Run `swapoff -a`.',
  },
  {
    severity: 'error',
    code: 'unknown-key',
    message: 'Unknown key `adress`.',
    hint: 'Did you mean `address`?',
    path: 'nodes[0].adress',
    position: { file: 'cluster.yml', line: 3, column: 5 },
  },
  { severity: 'error', code: 'unique-name', message: 'a and b share a name.', hint: 'Give each its own.' },
];

describe('renderFindings', () => {
  it('has the file first, then the cluster, then hosts; what hosts share is said once', () => {
    expect(renderFindings(FINDINGS)).toMatchInlineSnapshot(`
      "cluster.yml:3:5: error: Unknown key \`adress\`. [unknown-key]
        → Did you mean \`address\`?
      error: a and b share a name. [unique-name]
        → Give each its own.
      10.0.0.1
        error: Port 6443/tcp (Kubernetes API) is taken by nginx (812) on 0.0.0.0. [ports-free]
          → Stop it or move it to another port.
      10.0.0.1, 10.0.0.2
        warning: There is swap. [swap]
          → Run \`swapoff -a\`.
      3 errors, 2 warnings
      "
    `);
  });

  it('wraps on a terminal, hints under hints', () => {
    const style = decideStyle({ env: { NO_COLOR: '1', LANG: 'C.UTF-8' }, isTerminal: true, columns: 40 });
    expect(renderFindings(FINDINGS.slice(0, 1), style)).toMatchInlineSnapshot(`
      "10.0.0.1
        error: Port 6443/tcp (Kubernetes
          API) is taken by nginx (812) on
          0.0.0.0. [ports-free]
          → Stop it or move it to another
            port.
      1 error
      "
    `);
  });

  it('says nothing of nothing', () => {
    expect(renderFindings([])).toBe('');
  });
});

describe('renderError', () => {
  it('tells message, code, last words and what to do', () => {
    const failure = {
      code: 'service-not-ready',
      message: 'rke2-server on n1 did not become ready within 10m00s.',
      hint: 'Stop nginx and run the command again.',
      lastWords: [
        'level=fatal msg="listen tcp :6443: bind: address already in use"',
        '\u001b[31mexit 1\u001b[0m',
      ],
    };
    expect(renderError(failure)).toMatchInlineSnapshot(`
      "error: rke2-server on n1 did not become ready within 10m00s. [service-not-ready]
        · level=fatal msg="listen tcp :6443: bind: address already in use"
        · exit 1
        → Stop nginx and run the command again.
      "
    `);
  });

  it('keeps the end of long last words', () => {
    const lastWords = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const text = renderError({ code: 'x', message: 'm', hint: '', lastWords });
    expect(text).toContain('(28 lines before)');
    expect(text).toContain('line 39');
    expect(text).not.toContain('line 27\n');
  });

  it('colours only where colour is wanted', () => {
    const style = decideStyle({ env: { FORCE_COLOR: '1' }, isTerminal: false, columns: 80 });
    const failure = { code: 'x', message: 'm', hint: 'h' };
    expect(renderError(failure, style)).toContain('\u001b[31merror:\u001b[39m');
    expect(renderError(failure)).not.toContain('\u001b');
  });
});
