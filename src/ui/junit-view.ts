import { cleanText } from './clean-text.ts';
import type { ReportedCommand, ReportedPhase, ReportedStep, RunReport } from './run-report.ts';

interface Case {
  readonly name: string;
  readonly group: string;
  readonly durationMs: number;
  readonly problem: {
    readonly kind: 'failure' | 'skipped';
    readonly type: string;
    readonly text: string;
  } | null;
}

interface Suite {
  readonly name: string;
  readonly durationMs: number;
  readonly cases: readonly Case[];
}

/** The report as JUnit's XML: a suite for each part of the run, a case for each step, and one for the command. */
export function renderJunit({ phases, command }: RunReport): string {
  const removal = phases.findIndex((phase) => phase.command === 'remove');
  const split = removal < 0 ? phases.length : removal;
  const suites = [
    ...phases.slice(0, split).map(phaseSuite),
    ...(command === null ? [] : [commandSuite(command)]),
    ...phases.slice(split).map(phaseSuite),
  ];
  const all: Suite = {
    name: 'rke2ctl',
    durationMs: suites.reduce((sum, { durationMs }) => sum + durationMs, 0),
    cases: suites.flatMap(({ cases }) => cases),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${head(all)}>`,
    ...suites.flatMap((suite) => [
      `  <testsuite ${head(suite)} errors="0" skipped="${count(suite, 'skipped')}">`,
      ...suite.cases.flatMap(renderCase),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function head(suite: Suite): string {
  return `name="${escapeXml(suite.name)}" tests="${suite.cases.length}" failures="${count(suite, 'failure')}" time="${seconds(suite.durationMs)}"`;
}

function count({ cases }: Suite, kind: 'failure' | 'skipped'): number {
  return cases.filter(({ problem }) => problem?.kind === kind).length;
}

function renderCase({ name, group, durationMs, problem }: Case): readonly string[] {
  const open = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(group)}" time="${seconds(durationMs)}"`;
  if (problem === null) return [`${open}/>`];
  const [message = ''] = problem.text.split('\n');
  const attributes = `message="${escapeXml(message)}"`;
  const body =
    problem.kind === 'skipped'
      ? `      <skipped ${attributes}/>`
      : `      <failure ${attributes} type="${escapeXml(problem.type)}">${escapeXml(problem.text)}</failure>`;
  return [`${open}>`, body, '    </testcase>'];
}

function phaseSuite(phase: ReportedPhase): Suite {
  const group = `${phase.clusterName}.${phase.command}`;
  const failed = (name: string, failure: { code: string; message: string; hint: string }): Case => ({
    name,
    group,
    durationMs: 0,
    problem: { kind: 'failure', type: failure.code, text: `${failure.message}\n${failure.hint}` },
  });
  return {
    name: phase.command,
    durationMs: phase.durationMs,
    cases: [
      ...phase.unreachable.map(({ name, failure }) => failed(`reach ${name}`, failure)),
      ...phase.steps.map((step) => stepCase(step, phase.clusterName)),
      ...(phase.error === null ? [] : [failed(`rke2ctl ${phase.command}`, phase.error)]),
    ],
  };
}

function stepCase(step: ReportedStep, clusterName: string): Case {
  const { words, node, outcome, durationMs, failure } = step;
  const base = { name: words, group: `${clusterName}.${node ?? 'operator'}`, durationMs };
  if (outcome === 'done' || outcome === 'unchanged') return { ...base, problem: null };
  if (outcome === 'skipped' || outcome === 'cancelled')
    return { ...base, problem: { kind: 'skipped', type: outcome, text: outcome } };
  const text = [failure?.message ?? outcome, ...(failure?.lastWords ?? []), failure?.hint ?? ''].join('\n');
  return { ...base, problem: { kind: 'failure', type: failure?.code ?? outcome, text } };
}

function commandSuite({ words, exitCode, durationMs, endedBy }: ReportedCommand): Suite {
  const name = words.join(' ');
  const problem =
    exitCode === 0 && endedBy === null
      ? null
      : ({
          kind: 'failure',
          type: endedBy === null ? 'exit-code' : 'ended',
          text: endedBy ?? `It ended with exit code ${exitCode}.`,
        } as const);
  return { name: 'command', durationMs, cases: [{ name, group: 'command', durationMs, problem }] };
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
};

/** What XML 1.0 cannot hold at all, however it is written. */
const IMPOSSIBLE = /[^\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function escapeXml(text: string): string {
  return cleanText(text)
    .replaceAll(IMPOSSIBLE, '')
    .replaceAll(/[&<>"'\n]/g, (sign) => ENTITIES[sign] ?? sign);
}
