import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CancelledError, ConnectionLostError, Rke2ctlError } from '../../src/domain/errors.ts';
import type { RunEvent, StepOutcome } from '../../src/domain/event.ts';
import type { Plan, PlannedNode, Step } from '../../src/domain/plan.ts';
import { type RunDependencies, runPlan } from '../../src/engine/run-plan.ts';

const node = (key: string): PlannedNode => ({
  key,
  id: key,
  name: key,
  address: key,
  roles: ['worker'],
  service: 'rke2-agent',
});

function step(id: string, needs: readonly string[] = [], after: readonly string[] = []): Step {
  return { kind: 'copy-state', id, node: node(id), reason: '', needs, after };
}

const plan = (steps: readonly Step[], unreachable: readonly string[] = []): Plan => ({
  schemaVersion: 1,
  clusterId: 'c',
  clusterName: 'local',
  version: 'v1.35.7+rke2r1',
  purpose: 'up',
  steps,
  findings: [],
  changes: [],
  drift: [],
  leaving: [],
  nodes: [],
  unreachable,
});

/** Runs a plan with a made-up clock; `behave` says how a step ends. */
async function play(
  steps: readonly Step[],
  behave: (step: Step) => Promise<'done' | 'unchanged'> = async () => 'done',
  overrides: Partial<RunDependencies> = {},
) {
  const events: RunEvent[] = [];
  const log: string[] = [];
  const result = await runPlan(plan(steps), {
    runStep: async (current) => {
      log.push(`start ${current.id}`);
      try {
        return await behave(current);
      } finally {
        log.push(`end ${current.id}`);
      }
    },
    recover: async () => false,
    title: (current) => current.id,
    emit: (event) => events.push(event),
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    now: () => 0,
    limits: {},
    poolOf: () => 'all',
    ...overrides,
  });
  const outcomes: Record<string, StepOutcome> = {};
  for (const event of events) if (event.type === 'step-ended') outcomes[event.step] = event.outcome;
  return { result, log, events, outcomes };
}

const failure = () => new Rke2ctlError({ code: 'x', message: 'disk full', hint: 'make room' });

describe('runPlan', () => {
  it('starts a step only after all that it needs', async () => {
    const { log, result } = await play([step('c', ['b']), step('b', ['a']), step('a')]);
    expect(log).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c']);
    expect(result.outcome).toBe('done');
  });

  it('skips what needs a failed step, and nothing else', async () => {
    const { outcomes, result } = await play(
      [step('a'), step('b', ['a']), step('c', ['b']), step('d', [], ['a']), step('e')],
      async ({ id }) => {
        if (id === 'a') throw failure();
        return 'done';
      },
    );
    expect(outcomes).toEqual({ a: 'failed', b: 'skipped', c: 'skipped', d: 'done', e: 'done' });
    expect(result.outcome).toBe('partly');
    expect(result.nodes.find(({ key }) => key === 'a')).toMatchObject({
      result: 'failed',
      lastWords: 'disk full',
    });
  });

  it('says nothing-to-do when every look found nothing', async () => {
    const { result } = await play([step('a'), step('b')], async () => 'unchanged');
    expect(result.outcome).toBe('nothing-to-do');
  });

  it('runs no more of a pool at once than its limit, and a slow one holds nobody', async () => {
    let running = 0;
    let most = 0;
    const ends: string[] = [];
    const steps = Array.from({ length: 20 }, (_, index) => step(`s${index}`));
    await play(
      steps,
      async ({ id }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, id === 's0' ? 60 : 2));
        running -= 1;
        ends.push(id);
        return 'done';
      },
      { limits: { all: 3 } },
    );
    expect(most).toBe(3);
    expect(ends.at(-1)).toBe('s0');
  });

  it('looks again after a lost connection, if the host comes back', async () => {
    let attempts = 0;
    const { outcomes } = await play(
      [step('a')],
      async () => {
        attempts += 1;
        if (attempts === 1)
          throw new ConnectionLostError({ code: 'connection-lost', message: 'gone', hint: '' });
        return 'unchanged';
      },
      { recover: async (_step, error) => error instanceof ConnectionLostError },
    );
    expect(outcomes).toEqual({ a: 'unchanged' });
    expect(attempts).toBe(2);
  });

  it('calls a lost connection unknown when the host stays away', async () => {
    const { outcomes } = await play([step('a'), step('b', ['a'])], async () => {
      throw new ConnectionLostError({ code: 'connection-lost', message: 'gone', hint: '' });
    });
    expect(outcomes).toEqual({ a: 'unknown', b: 'skipped' });
  });

  it('finishes what is in hand when asked to stop, and starts nothing more', async () => {
    const stop = new AbortController();
    const { outcomes, result } = await play(
      [step('a'), step('b', ['a']), step('c', [], ['a'])],
      async () => {
        stop.abort();
        return 'done';
      },
      { stop: stop.signal },
    );
    expect(outcomes).toEqual({ a: 'done', b: 'cancelled', c: 'cancelled' });
    expect(result.outcome).toBe('cancelled');
  });

  it('does not try a cancelled step again', async () => {
    let attempts = 0;
    const { result } = await play(
      [step('a')],
      async () => {
        attempts += 1;
        throw new CancelledError();
      },
      { recover: async () => true },
    );
    expect(attempts).toBe(1);
    expect(result.outcome).toBe('cancelled');
  });

  it('names hosts that were never reached, and is never wholly done then', async () => {
    const result = await runPlan(plan([step('a')], ['10.0.0.9:22']), {
      runStep: async () => 'done',
      recover: async () => false,
      title: () => '',
      emit: () => {},
      stop: new AbortController().signal,
      abort: new AbortController().signal,
      now: () => 0,
      limits: {},
      poolOf: () => 'all',
    });
    expect(result.outcome).toBe('partly');
    expect(result.nodes.at(-1)).toMatchObject({ key: '10.0.0.9:22', result: 'unreachable' });
  });

  it('has served the hosts that needed nothing when the rest could not be reached', async () => {
    const dependencies: RunDependencies = {
      runStep: async () => 'done',
      recover: async () => false,
      title: () => '',
      emit: () => {},
      stop: new AbortController().signal,
      abort: new AbortController().signal,
      now: () => 0,
      limits: {},
      poolOf: () => 'all',
    };
    const some = await runPlan({ ...plan([], ['10.0.0.9:22']), nodes: [node('a')] }, dependencies);
    expect(some.outcome).toBe('partly');
    expect(some.nodes.map(({ key, result }) => [key, result])).toEqual([
      ['a', 'unchanged'],
      ['10.0.0.9:22', 'unreachable'],
    ]);
    // Exit code 4, as of every run in which hosts are out of reach and nothing else is wrong.
    expect((await runPlan(plan([], ['10.0.0.9:22']), dependencies)).outcome).toBe('partly');
  });

  it('puts into a node’s row what went wrong, not only that something did', async () => {
    const { result } = await play([step('a')], async () => {
      throw new Rke2ctlError({
        code: 'x',
        message: 'Writing /etc/x failed on a:\n  no such disk\nmore',
        hint: '',
      });
    });
    expect(result.nodes[0]?.lastWords).toBe('Writing /etc/x failed on a: no such disk');
  });

  it('tells a later step which hosts are lost', async () => {
    const lost: (readonly boolean[])[] = [];
    await play([step('a'), step('b', ['a']), step('c'), step('last', [], ['a', 'b', 'c'])], undefined, {
      runStep: async ({ id }, { isLost }) => {
        if (id === 'a') throw failure();
        if (id === 'last') lost.push(['a', 'b', 'c', 'last'].map(isLost));
        return 'done';
      },
    });
    expect(lost).toEqual([[true, true, false, false]]);
  });

  it('ends every step exactly once, in any graph, with any failures', async () => {
    const graphs = fc.integer({ min: 1, max: 14 }).chain((size) =>
      fc.record({
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1), fc.boolean()), { maxLength: 30 }),
        failing: fc.uniqueArray(fc.nat(size - 1)),
        limit: fc.integer({ min: 1, max: 4 }),
        size: fc.constant(size),
      }),
    );
    await fc.assert(
      fc.asyncProperty(graphs, async ({ edges, failing, limit, size }) => {
        const forward = edges.filter(([from, to]) => from < to);
        const names = (index: number, needed: boolean) =>
          forward.filter(([, to, kind]) => to === index && kind === needed).map(([from]) => `s${from}`);
        const steps = Array.from({ length: size }, (_, i) => step(`s${i}`, names(i, true), names(i, false)));
        const { outcomes, events } = await play(
          steps,
          async ({ id }) => {
            if (failing.includes(Number(id.slice(1)))) throw failure();
            return 'done';
          },
          { limits: { all: limit } },
        );
        expect(events.filter((event) => event.type === 'step-ended')).toHaveLength(size);
        for (const { id, needs } of steps) {
          const lost = needs.some((need) => outcomes[need] !== 'done');
          const expected = lost ? 'skipped' : failing.includes(Number(id.slice(1))) ? 'failed' : 'done';
          expect(outcomes[id]).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
  });
});
