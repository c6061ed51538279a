import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeKey } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { PortResult } from '../domain/event.ts';
import type { PortProbe } from '../domain/plan.ts';
import { listenOn, type PortListener, type ProbedPort, tryPorts } from '../host/port-probe.ts';
import { type EtcdLink, slowLinkFindings } from '../rke2/etcd-links.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const LISTENER_LIFETIME_MS = 120_000;
/** So long a host that does not answer the others has to show us that it is there. */
const SIGN_OF_LIFE_MS = 10_000;

/**
 * Tries every port that RKE2 needs between the nodes, from the node that needs it to a short-lived listener on the one
 * that must answer. A closed port ends the run before any service starts; what could not be tried is `unknown`.
 */
export const checkPorts: StepHandler<'check-ports'> = {
  title: (step) => `try ${step.probes.length} ports between the nodes`,
  run: async (step, context) => {
    // A host that went wrong before has opened no port; that is told already and must not hold the others.
    const isLost = ({ from, to }: PortProbe) => context.isLost(from) || context.isLost(to);
    const probes = step.probes.filter((probe) => !isLost(probe));
    const untried = step.probes.filter(isLost);
    const listeners = await openListeners(probes, context);
    try {
      const tried = (
        await Promise.all(groups(probes, 'from').map((group) => tryFrom(group, listeners, context)))
      ).flat();
      const gone = await findGone(tried, context);
      const results = [
        ...tried.map((each) => (gone.has(each.to) ? withoutProof(each) : each)),
        ...untried.map((probe) => ({ ...probe, result: 'unknown' as const })),
      ];
      context.reportPorts(results);
      warnOfSlowLinks(results, context);
      const closed = results.filter((result) => result.result === 'closed');
      if (closed.length > 0) throw portsClosed(closed);
      return 'done';
    } finally {
      await Promise.all([...listeners.values()].map((listener) => listener?.close()));
    }
  },
};

/** Of the hosts with closed ports those that died meanwhile: they answer nobody, whatever stands between. */
async function findGone(tried: readonly PortResult[], context: StepContext): Promise<ReadonlySet<string>> {
  const silent = groups(
    tried.filter(({ result }) => result === 'closed'),
    'to',
  ).flatMap(([first]) => first?.to ?? []);
  const gone = await Promise.all(silent.map(async (key) => ((await isThere(key, context)) ? [] : [key])));
  return new Set(gone.flat());
}

async function isThere(key: NodeKey, context: StepContext): Promise<boolean> {
  try {
    const sign = context.host(key).run('true', { signal: context.signal });
    const hasAnswered = sign.then(
      () => true,
      () => false,
    );
    return await Promise.race([hasAnswered, sleep(SIGN_OF_LIFE_MS, false, { ref: false })]);
  } catch {
    return false;
  }
}

function withoutProof(result: PortResult): PortResult {
  return result.result === 'closed' ? { ...result, result: 'unknown' } : result;
}

/** A first connection is slower than the line: the best of a pair's answers counts. */
function warnOfSlowLinks(results: readonly PortResult[], context: StepContext): void {
  const best = new Map<string, EtcdLink>();
  for (const { from, to, port, roundTripMs } of results) {
    if (port !== 2380 || roundTripMs === undefined) continue;
    const pair = [from, to].sort().join(' ');
    if (roundTripMs < (best.get(pair)?.roundTripMs ?? Number.POSITIVE_INFINITY))
      best.set(pair, { from, to, roundTripMs });
  }
  for (const finding of slowLinkFindings([...best.values()], (key) => key)) context.reportFinding(finding);
}

/** One listener per target host, on all its ports at once; null where the host could not be asked. */
async function openListeners(
  all: readonly PortProbe[],
  context: StepContext,
): Promise<ReadonlyMap<string, PortListener | null>> {
  const opened = groups(all, 'to').map(async (probes): Promise<[string, PortListener | null]> => {
    const [first] = probes;
    if (first === undefined) return ['', null];
    const ports = new Map<string, ProbedPort>(probes.map((probe) => [portName(probe), probe]));
    try {
      const options = { lifetimeMs: LISTENER_LIFETIME_MS, signal: context.signal };
      return [first.to, await listenOn(context.host(first.to), [...ports.values()], options)];
    } catch {
      return [first.to, null];
    }
  });
  return new Map(await Promise.all(opened));
}

async function tryFrom(
  probes: readonly PortProbe[],
  listeners: ReadonlyMap<string, PortListener | null>,
  context: StepContext,
): Promise<readonly PortResult[]> {
  const from = probes[0]?.from ?? '';
  const outcomes = await tryAll(from, probes, context).catch(() => []);
  return probes.map((probe, index) => {
    const outcome = outcomes[index] ?? { result: 'unknown' };
    const believable = outcome.result === 'open' || answers(listeners.get(probe.to) ?? null, probe);
    return { ...probe, ...(believable ? outcome : { result: 'unknown' }) };
  });
}

async function tryAll(from: string, probes: readonly PortProbe[], context: StepContext) {
  return await tryPorts(context.host(from), probes, context.signal);
}

/** Silence is proof only where our own listener would have answered; a taken TCP port may be a service that refuses us. */
function answers(listener: PortListener | null, probe: PortProbe): boolean {
  return listener?.listening.some((port) => portName(port) === portName(probe)) ?? false;
}

function portName({ protocol, port }: ProbedPort): string {
  return `${port}/${protocol}`;
}

function groups(probes: readonly PortProbe[], end: 'from' | 'to'): readonly (readonly PortProbe[])[] {
  const byHost = new Map<string, PortProbe[]>();
  for (const probe of probes) byHost.set(probe[end], [...(byHost.get(probe[end]) ?? []), probe]);
  return [...byHost.values()];
}

function portsClosed(closed: readonly PortResult[]): Rke2ctlError {
  const lines = closed
    .slice(0, 8)
    .map(({ from, to, port, protocol, purpose }) => `  ${from} → ${to} ${port}/${protocol} (${purpose})`);
  const more = closed.length > 8 ? [`  … and ${closed.length - 8} more`] : [];
  const count =
    closed.length === 1
      ? '1 port that RKE2 needs between the nodes is'
      : `${closed.length} ports that RKE2 needs between the nodes are`;
  return new Rke2ctlError({
    code: 'ports-closed',
    message: [`${count} closed; nothing was started:`, ...lines, ...more].join('\n'),
    hint: 'Open them in whatever stands between those hosts (cloud security groups, switches, another firewall on the host), then run `rke2ctl up` again; `--ignore-check ports` goes on without.',
  });
}
