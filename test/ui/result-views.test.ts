import { describe, expect, it } from 'vitest';
import type { PortResult, RunResult } from '../../src/domain/event.ts';
import { renderPortMatrix } from '../../src/ui/port-matrix-view.ts';
import { renderSummary } from '../../src/ui/summary-view.ts';
import { plannedNode } from './scripted-run.ts';

const WORKER = plannedNode(2, ['worker']);

describe('renderPortMatrix', () => {
  const port = (number: number, result: PortResult['result']): PortResult => ({
    from: WORKER.key,
    to: '10.0.0.1:2222',
    address: '10.0.0.1',
    port: number,
    protocol: 'tcp',
    purpose: 'supervisor, joining nodes',
    result,
  });
  const results = [port(10250, 'open'), port(6443, 'unknown'), port(9345, 'closed')];

  it('shows what is not open, the closed first, and counts', () => {
    expect(renderPortMatrix(results, { all: false })).toMatchInlineSnapshot(`
      "FROM      TO                 PORT  WHY                        RESULT
      10.0.0.2  10.0.0.1:2222  9345/tcp  supervisor, joining nodes  closed
      10.0.0.2  10.0.0.1:2222  6443/tcp  supervisor, joining nodes  unknown
      1 of 3 ports between the nodes open, 1 closed, 1 unknown
      "
    `);
  });

  it('shows all when asked, and only the count when all is well', () => {
    expect(renderPortMatrix(results, { all: true })).toContain('10250/tcp');
    expect(renderPortMatrix([port(1, 'open')], { all: false })).toBe('1 of 1 port between the nodes open\n');
  });
});

describe('renderSummary', () => {
  const node = (name: string, result: RunResult['nodes'][number]['result'], lastWords = '') => ({
    key: name,
    name,
    roles: ['worker'],
    result,
    durationMs: 61_000,
    lastWords,
  });

  it.each([
    ['done', /Done in 1m01s: 2 nodes\.\n$/],
    ['nothing-to-do', /Nothing to do \(1m01s\)\.\n$/],
    ['failed', /Failed after 1m01s\. .*run the same command again/],
    ['cancelled', /Stopped after 1m01s\. Run the same command again/],
  ] as const)('of a run that is %s', (outcome, words) => {
    const result: RunResult = {
      outcome,
      durationMs: 61_000,
      nodes: [node('a', 'done'), node('b', 'unchanged')],
    };
    expect(renderSummary(result)).toMatch(words);
  });

  it('counts nodes that are not well, and keeps their last words on one line', () => {
    const nodes = [node('a', 'done'), node('b', 'failed', 'first\nlast\u0007'), node('c', 'unreachable')];
    expect(renderSummary({ outcome: 'partly', durationMs: 5_000, nodes })).toMatchInlineSnapshot(`
      "NODE  ROLES   RESULT        TIME  LAST WORDS
      a     worker  done         1m01s
      b     worker  failed       1m01s  last
      c     worker  unreachable  1m01s

      Partly done in 5.0s: 1 node well, 2 not. Mend what is said above and run the same command again.
      "
    `);
  });
});
