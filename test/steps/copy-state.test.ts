import { expect, it } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { STATE_COPY_LIMIT } from '../../src/domain/state-copy.ts';
import { copyState } from '../../src/steps/copy-state.ts';
import { scriptedContext } from '../support/step-context.ts';

const NODE = {
  key: '10.0.0.1:22',
  id: '0123456789abcdef',
  name: 'node1',
  address: '192.168.0.1',
  roles: ['etcd', 'controlplane'],
  service: 'rke2-server',
} as const;

/** Copies that text; gives what went to the host, and what was found. */
async function copy(text: string) {
  const findings: Diagnostic[] = [];
  const sent: string[] = [];
  const { context } = scriptedContext(
    (_script, { stdin }) => {
      sent.push(String(stdin));
      return '';
    },
    { reportFinding: (finding) => findings.push(finding) },
  );
  const operator = { ...context.operator, stateText: async () => text };
  const step = { kind: 'copy-state', id: 'c', node: NODE, reason: '', needs: [], after: [] } as const;
  const outcome = await copyState.run(step, { ...context, operator });
  return { outcome, findings, sent };
}

const head = { clusterId: 'c1', serial: 7, checksum: 'sha256:x' };

it('says beside the copy what it is', async () => {
  const text = JSON.stringify(head, null, 2);
  const { outcome, sent } = await copy(text);
  const { metadata, data } = JSON.parse(sent[0] ?? '');
  expect(outcome).toBe('done');
  expect(metadata.annotations).toEqual({
    'rke2ctl/cluster-id': 'c1',
    'rke2ctl/serial': '7',
    'rke2ctl/checksum': 'sha256:x',
  });
  expect(Buffer.from(data['cluster.rkestate'], 'base64').toString()).toBe(text);
});

it('leaves blanks out of a large one', async () => {
  const text = JSON.stringify({ ...head, rows: Array.from({ length: 60_000 }, () => 'abc') }, null, 10);
  expect(text.length).toBeGreaterThan(STATE_COPY_LIMIT);
  const { outcome, sent } = await copy(text);
  expect(outcome).toBe('done');
  const stored = Buffer.from(JSON.parse(sent[0] ?? '').data['cluster.rkestate'], 'base64').toString();
  expect(JSON.parse(stored)).toEqual(JSON.parse(text));
});

it('puts nothing into the cluster that no Secret takes, and says so', async () => {
  const { outcome, findings, sent } = await copy(
    JSON.stringify({ ...head, all: 'x'.repeat(STATE_COPY_LIMIT) }),
  );
  expect({ outcome, sent }).toEqual({ outcome: 'unchanged', sent: [] });
  expect(findings).toMatchObject([{ severity: 'warning', code: 'state-copy-too-large' }]);
});
