import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import type { Plan, PlannedNode, Step } from '../../src/domain/plan.ts';
import { renderJunit } from '../../src/ui/junit-view.ts';
import { RunRecorder, type RunReport } from '../../src/ui/run-report.ts';
import { renderStepSummary } from '../../src/ui/step-summary-view.ts';

const NODE: PlannedNode = {
  key: '10.0.0.1:22',
  id: 'n1',
  name: 'node1',
  address: '10.0.0.1',
  roles: ['etcd', 'controlplane'],
  service: 'rke2-server',
};
const base = { node: NODE, reason: '', needs: [], after: [] };
const START: Step = { ...base, kind: 'start-service', id: 's', join: null, voter: false, restart: false };
const COPY: Step = { ...base, kind: 'copy-state', id: 'c' };
const UNINSTALL: Step = { ...base, kind: 'uninstall', id: 'u', marker: null };

function planned(purpose: Plan['purpose'], ...steps: Step[]): RunEvent {
  const plan: Plan = {
    schemaVersion: 1,
    clusterId: 'c1',
    clusterName: 'ci',
    version: 'v1.35.7+rke2r1',
    purpose,
    steps,
    findings: [],
    changes: [],
    drift: [],
    leaving: [],
    nodes: [NODE],
    unreachable: [],
  };
  return { type: 'planned', plan };
}

const FAILURE = {
  code: 'service-failed',
  message: 'It "fell" <over> & ]]> | `x` \u0000\u001b[31mred',
  hint: 'Look at it.',
  lastWords: ['level=fatal'],
};

function began(step: Step): RunEvent {
  return { type: 'step-started', step: step.id, kind: step.kind, node: step.node, title: step.kind };
}

function ended(step: Step, outcome: 'done' | 'failed' | 'skipped'): RunEvent {
  const failure = outcome === 'failed' ? { failure: FAILURE } : {};
  return {
    type: 'step-ended',
    step: step.id,
    kind: step.kind,
    node: step.node,
    outcome,
    durationMs: 1_500,
    ...failure,
  };
}

const started = (command: string): RunEvent => ({
  type: 'run-started',
  command,
  clusterName: 'ci',
  config: 'cluster.yml',
});

/** A cluster whose service failed to start, and which was then removed, unless `uninstalled` says otherwise. */
function record(uninstalled: 'done' | 'failed' = 'done'): RunRecorder {
  let now = 0;
  const recorder = new RunRecorder(() => {
    now += 1_000;
    return now;
  });
  for (const event of [
    started('run'),
    planned('up', START, COPY),
    began(START),
    ended(START, 'failed'),
    ended(COPY, 'skipped'),
  ])
    recorder.handle(event);
  const node = {
    key: NODE.key,
    name: 'node1',
    roles: NODE.roles,
    result: 'failed',
    durationMs: 1_500,
    lastWords: 'a|b',
  } as const;
  recorder.handle({ type: 'run-ended', result: { outcome: 'failed', durationMs: 2_000, nodes: [node] } });
  recorder.commandEnded({ words: ['make', 'e2e'], exitCode: 7, durationMs: 61_000, endedBy: null });
  for (const event of [
    started('remove'),
    planned('remove', UNINSTALL),
    began(UNINSTALL),
    ended(UNINSTALL, uninstalled),
  ])
    recorder.handle(event);
  return recorder;
}

describe('a recorder', () => {
  it('knows which nodes still carry something', () => {
    expect(record().left()).toEqual([]);
    expect(record('failed').left()).toEqual(['node1']);
    expect(new RunRecorder().left()).toEqual([]);
  });

  it('keeps the error that ended a part', () => {
    const recorder = record();
    recorder.failed({ code: 'locked', message: 'It is locked.', hint: 'Wait.' });
    expect(recorder.report().phases.map(({ error }) => error?.code)).toEqual([undefined, 'locked']);
  });
});

/** The report as another program reads it: for each suite its numbers, and each case with what is said of it. */
function readJunit(report: RunReport): unknown {
  const program = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([[s.attrib, [[c.attrib["classname"], c.attrib["name"], float(c.attrib["time"])] + [[e.tag, e.attrib.get("type"), e.text] for e in c] for c in s]] for s in tree.fromstring(sys.stdin.buffer.read())]))`;
  return JSON.parse(
    execFileSync('python3', ['-c', program], { input: renderJunit(report), encoding: 'utf8' }),
  );
}

it('JUnit’s XML says in the order of the run what was done, and holds whatever hosts have said', () => {
  const words = 'It "fell" <over> & ]]> | `x` red\nlevel=fatal\nLook at it.';
  const numbers = { errors: '0', tests: '1', skipped: '0' };
  expect(readJunit(record().report())).toEqual([
    [
      expect.objectContaining({ name: 'run', errors: '0', tests: '2', failures: '1', skipped: '1' }),
      [
        ['ci.node1', 'start rke2-server as a new cluster', 1.5, ['failure', 'service-failed', words]],
        ['ci.node1', 'keep a copy of the state in the cluster', 1.5, ['skipped', null, null]],
      ],
    ],
    [
      expect.objectContaining({ name: 'command', ...numbers, failures: '1' }),
      [['command', 'make e2e', 61, ['failure', 'exit-code', 'It ended with exit code 7.']]],
    ],
    [
      expect.objectContaining({ name: 'remove', ...numbers, failures: '0' }),
      [['ci.node1', 'take RKE2, its data and everything of ours off the host', 1.5]],
    ],
  ]);
});

it('the summary for a job’s page is Markdown in which nothing that hosts have said means anything', () => {
  expect(renderStepSummary(record().report())).toMatchInlineSnapshot(`
    "## rke2ctl: cluster ci

    \`make e2e\` ended with exit code 7 after 1m01s

    ### run: failed (3.0s)

    | Node | Roles | Result | Time | Last words |
    | --- | --- | --- | --- | --- |
    | node1 | etcd+controlplane | failed | 1.5s | a\\|b |

    <details><summary>2 steps</summary>

    | Step | Node | Result | Time |
    | --- | --- | --- | --- |
    | start rke2-server as a new cluster | node1 | failed: It "fell" &lt;over&gt; &amp; \\]\\]&gt; \\| \\\`x\\\` red | 1.5s |
    | keep a copy of the state in the cluster | node1 | skipped | 1.5s |

    </details>

    ### remove: failed (1.0s)

    <details><summary>1 step</summary>

    | Step | Node | Result | Time |
    | --- | --- | --- | --- |
    | take RKE2, its data and everything of ours off the host | node1 | done | 1.5s |

    </details>

    "
  `);
});
