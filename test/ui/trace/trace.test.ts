import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/event.ts';
import type { PlannedNode } from '../../../src/domain/plan.ts';
import type { Traffic } from '../../../src/domain/traffic.ts';
import { PLAIN_STYLE } from '../../../src/ui/style.ts';
import type { Span } from '../../../src/ui/trace/span.ts';
import { renderTimings } from '../../../src/ui/trace/timings-view.ts';
import { makeTrace, nestEvents, renderTrace } from '../../../src/ui/trace/trace-json.ts';
import { TraceRecorder } from '../../../src/ui/trace/trace-recorder.ts';

const ONE = plannedNode('10.0.0.1:22', 'one');
const TWO = plannedNode('10.0.0.2:22', 'two');

let nowMs: number;
let recorder: TraceRecorder;

beforeEach(() => {
  nowMs = 0;
  recorder = new TraceRecorder(() => nowMs);
});

function plannedNode(key: string, name: string): PlannedNode {
  return { key, id: name, name, address: key, roles: ['worker'], service: 'rke2-agent' };
}

/** What happens at a time, in ms since the process began. */
function at(ms: number, ...events: readonly unknown[]): void {
  nowMs = ms;
  for (const event of events) recorder.handle(event as RunEvent);
}

const started = (step: string, node: PlannedNode | null, title = step) => ({
  type: 'step-started',
  step,
  kind: 'claim',
  node,
  title,
});
const ended = (step: string, node: PlannedNode | null, outcome = 'done') => ({
  type: 'step-ended',
  step,
  kind: 'claim',
  node,
  outcome,
  durationMs: 0,
});

function command(what: string, startedMs: number, durationMs: number, more: Partial<Traffic> = {}): Traffic {
  return {
    type: 'command',
    target: 'ops@10.0.0.1:22',
    command: 'sh -c "token is geheim"',
    what,
    stdinBytes: 10,
    exitCode: 0,
    isTalk: false,
    error: null,
    startedMs,
    durationMs,
    ...more,
  } as Traffic;
}

/** Two hosts: `start two` needs `start one`, and `label two` nothing, but gets no place before 450. */
function runTwoHosts(): void {
  at(100, { type: 'run-started', command: 'up', clusterName: 'lab', config: 'cluster.yml' });
  at(110, { type: 'host-connecting', key: ONE.key }, { type: 'host-connecting', key: TWO.key });
  const scrub = (text: string) => text.replaceAll('geheim', '***');
  const connection = {
    type: 'connection',
    target: 'ops',
    startedMs: 110,
    durationMs: 60,
    error: null,
  } as const;
  recorder.traffic(ONE.key, connection, scrub);
  at(200, { type: 'host-probed', key: ONE.key, name: 'one', durationMs: 90 });
  at(210, { type: 'host-unreachable', key: TWO.key, failure: { code: 'timeout', message: '', hint: '' } });
  const steps = [
    { id: 'start one', needs: [], after: [] },
    { id: 'start two', needs: ['start one'], after: [] },
    { id: 'label two', needs: [], after: [] },
  ];
  at(220, { type: 'planned', plan: { steps, nodes: [ONE, TWO], leaving: [] } }, started('start one', ONE));
  at(230, { type: 'step-progress', step: 'start one', words: '1 of 3' });
  at(300, { type: 'step-progress', step: 'start one', words: '2 of 3' });
  at(350, { type: 'step-progress', step: 'start one', words: 'nearly there' });
  recorder.traffic(ONE.key, command('Waiting for geheim', 231, 100), scrub);
  recorder.traffic(ONE.key, command('Sending', 231, 150, { stdinBytes: 5e8 }), scrub);
  recorder.traffic(ONE.key, command('The first look', 170, 900, { isTalk: true }), scrub);
  at(400, ended('start one', ONE), started('start two', TWO));
  at(430, ended('start two', TWO, 'failed'));
  at(450, started('label two', TWO));
  at(500, ended('label two', TWO), { type: 'run-ended', result: { outcome: 'partly' } });
}

const told = () =>
  recorder.spans.map(({ kind, name, key, startMs, endMs }) => [kind, name, key, startMs, endMs]);

describe('the recorder of a trace', () => {
  it('makes spans of what it hears, on its own clock', () => {
    runTwoHosts();
    expect(told()).toEqual([
      ['phase', 'up: start up, read the file', null, 0, 100],
      ['connection', 'connect', ONE.key, 110, 170],
      ['look', 'look at the host', ONE.key, 110, 200],
      ['part', 'the probe', ONE.key, 170, 200],
      ['look', 'look at the host', TWO.key, 110, 210],
      ['phase', 'up: look at the hosts, plan', null, 100, 220],
      ['part', '1 of 3', ONE.key, 230, 350],
      ['command', 'Waiting for ***', ONE.key, 231, 331],
      ['transfer', 'Sending', ONE.key, 231, 381],
      ['talk', 'The first look', ONE.key, 170, 1070],
      ['part', 'nearly there', ONE.key, 350, 400],
      ['step', 'start one', ONE.key, 220, 400],
      ['step', 'start two', TWO.key, 400, 430],
      ['step', 'label two', TWO.key, 450, 500],
      ['run', 'up: carry the plan out', null, 220, 500],
      ['wait', 'waits for: start one on one', TWO.key, 220, 400],
      ['wait', 'waits for its turn', TWO.key, 430, 450],
    ]);
  });

  it('takes numbers for a count, but not those of names and addresses', () => {
    at(0, started('stage', ONE));
    const say = (ms: number, words: string) => at(ms, { type: 'step-progress', step: 'stage', words });
    for (const [index, from] of ['node1', 'node2', 'node-2', 'node-3', '10.0.0.1', '10.0.0.2'].entries())
      say(10 + index, `images from ${from}`);
    for (const [index, words] of ['1 of 12', '2.5 of 12', '12 of 12'].entries()) say(20 + index, words);
    at(30, ended('stage', ONE));
    expect(told().flatMap(([kind, name]) => (kind === 'part' ? [name] : []))).toEqual([
      ...['node1', 'node2', 'node-2', 'node-3', '10.0.0.1', '10.0.0.2'].map((from) => `images from ${from}`),
      '1 of 12',
    ]);
  });

  it('keeps apart the commands of which one run consists', () => {
    runTwoHosts();
    at(600, { type: 'run-started', command: 'remove', clusterName: 'lab', config: 'cluster.yml' });
    const steps = [{ id: 'start one', needs: [], after: [] }];
    at(610, { type: 'planned', plan: { steps, nodes: [ONE], leaving: [] } });
    at(640, started('start one', ONE));
    at(650, ended('start one', ONE));
    expect(told().filter(([kind]) => kind === 'wait')).toEqual([
      ['wait', 'waits for: start one on one', TWO.key, 220, 400],
      ['wait', 'waits for its turn', TWO.key, 430, 450],
      ['wait', 'waits for its turn', ONE.key, 610, 640],
    ]);
  });

  it('leaves steps out that never began', () => {
    at(0, { type: 'run-started', command: 'up', clusterName: 'lab', config: 'cluster.yml' });
    at(5, ended('never', ONE, 'skipped'));
    expect(told().some(([kind]) => kind === 'step')).toBe(false);
  });

  it('never has a command’s own text, nor its input', () => {
    runTwoHosts();
    expect(renderTrace(recorder.spans, recorder.names)).not.toMatch(/geheim|sh -c/);
  });
});

/** What viewers ask of one thread: speedscope and Perfetto draw nothing sensible of events that overlap. */
function expectNested(track: readonly { readonly ts: number; readonly dur: number }[]): void {
  for (const [index, a] of track.entries()) {
    for (const b of track.slice(index + 1)) {
      const [aEnd, bEnd] = [a.ts + a.dur, b.ts + b.dur];
      const apart = aEnd <= b.ts || bEnd <= a.ts;
      const within = (a.ts <= b.ts && bEnd <= aEnd) || (b.ts <= a.ts && aEnd <= bEnd);
      expect(apart || within).toBe(true);
    }
  }
}

describe('a trace file', () => {
  it('is what viewers read: named processes and threads, complete events in µs', () => {
    runTwoHosts();
    const { traceEvents } = JSON.parse(renderTrace(recorder.spans, recorder.names));
    const names = new Map<string, string>();
    for (const event of traceEvents) {
      if (event.ph === 'M') names.set(`${event.name} ${event.pid} ${event.tid}`, event.args.name);
    }
    expect([...names.values()]).toEqual(
      expect.arrayContaining(['rke2ctl', `one (${ONE.key})`, `two (${TWO.key})`, 'steps', 'commands']),
    );
    const complete = traceEvents.filter((event: { ph: string }) => event.ph === 'X');
    expect(complete).toHaveLength(recorder.spans.length);
    for (const { name, cat, pid, tid, ts, dur } of complete) {
      expect(name).toMatch(/./);
      expect(cat).toMatch(/./);
      expect(Number.isInteger(ts) && Number.isInteger(dur) && ts >= 0 && dur > 0).toBe(true);
      expect(names.has(`thread_name ${pid} ${tid}`) && names.has(`process_name ${pid} 0`)).toBe(true);
    }
    expect(complete.find((event: { cat: string }) => event.cat === 'transfer')).toMatchObject({
      ts: 231_000,
      dur: 150_000,
      args: { exitCode: 0, sentBytes: 5e8 },
    });
  });

  it('puts events on one track only if they lie within each other or apart', () => {
    const event = fc.record({ ts: fc.nat(50), dur: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const lanes = nestEvents(events);
        expect(lanes.flat()).toHaveLength(events.length);
        for (const lane of lanes) expectNested(lane);
      }),
    );
  });

  it('never has an event without length, nor one that reaches out of another, however short and close spans are', () => {
    const tenths = fc.nat(40).map((tenth) => tenth / 10_000);
    const span = fc.tuple(tenths, tenths, fc.constantFrom('look', 'step', 'part', 'wait')).map(
      ([startMs, length, kind]): Span => ({
        kind: kind as Span['kind'],
        name: 's',
        key: null,
        startMs,
        endMs: startMs + length,
        detail: {},
      }),
    );
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (spans) => {
        const tracks = new Map<number, { ts: number; dur: number }[]>();
        for (const event of makeTrace(spans, new Map())) {
          if (event.ph !== 'X') continue;
          expect(event.dur).toBeGreaterThan(0);
          tracks.set(event.tid, [...(tracks.get(event.tid) ?? []), event]);
        }
        for (const track of tracks.values()) {
          expectNested(track);
          expect(track).toEqual(track.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur));
        }
      }),
    );
  });

  it('is empty but valid when nothing happened', () => {
    expect(makeTrace([], new Map()).every(({ ph }) => ph === 'M')).toBe(true);
    expect(JSON.parse(renderTrace([], new Map()))).toMatchObject({ displayTimeUnit: 'ms' });
  });
});

describe('the table of timings', () => {
  it('has the longest first, and what took most of each', () => {
    runTwoHosts();
    expect(renderTimings(recorder.spans, recorder.names, PLAIN_STYLE).split('\n')).toEqual([
      'TOOK  FROM  WHERE  WHAT                         WAITED FOR',
      '0.2s  0.2s  one    start one                    1 of 3 0.1s',
      '0.1s  0.1s  -      up: look at the hosts, plan',
      '0.1s  0.0s  -      up: start up, read the file',
      '0.1s  0.1s  two    look at the host',
      '0.1s  0.1s  one    look at the host             connect 0.1s',
      '0.1s  0.5s  two    label two',
      '0.0s  0.4s  two    start two                    before that 0.2s waits for: start one on one',
      '',
    ]);
  });

  it('shows ten', () => {
    for (let number = 0; number < 30; number += 1) {
      at(number * 10, started(`step ${number}`, ONE));
      at(number * 10 + 5, ended(`step ${number}`, ONE));
    }
    expect(renderTimings(recorder.spans, recorder.names, PLAIN_STYLE).trim().split('\n')).toHaveLength(11);
  });
});
