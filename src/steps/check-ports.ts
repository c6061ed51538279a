import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeKey } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { PortResult } from '../domain/event.ts';
import type { PortProbe } from '../domain/plan.ts';
import { type PortProber, type ProbedPort, startProber } from '../host/port-prober.ts';
import { type EtcdLink, slowLinkFindings } from '../rke2/etcd-links.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const PROBER_LIFETIME_MS = 120_000;
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
    const probers = await startProbers(probes, context);
    try {
      const tried = (
        await Promise.all(groups(probes, 'from').map((group) => tryFrom(group, probers)))
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
      await Promise.all([...probers.values()].map((prober) => prober?.close()));
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

/** One prober per host, on all ports that others try there; null where the host could not be asked. */
async function startProbers(
  probes: readonly PortProbe[],
  context: StepContext,
): Promise<ReadonlyMap<string, PortProber | null>> {
  const ports = new Map<string, Map<string, ProbedPort>>();
  for (const probe of probes) {
    if (!ports.has(probe.from)) ports.set(probe.from, new Map());
    const there = ports.get(probe.to) ?? new Map<string, ProbedPort>();
    ports.set(probe.to, there.set(portName(probe), probe));
  }
  const options = { lifetimeMs: PROBER_LIFETIME_MS, signal: context.signal };
  const started = [...ports].map(async ([key, own]): Promise<[string, PortProber | null]> => {
    try {
      return [key, await startProber(context.host(key), [...own.values()], options)];
    } catch {
      return [key, null];
    }
  });
  return new Map(await Promise.all(started));
}

async function tryFrom(
  probes: readonly PortProbe[],
  probers: ReadonlyMap<string, PortProber | null>,
): Promise<readonly PortResult[]> {
  const outcomes = (await probers.get(probes[0]?.from ?? '')?.tryPorts(probes)) ?? [];
  return probes.map((probe, index) => {
    const outcome = outcomes[index] ?? { result: 'unknown' };
    const believable = outcome.result === 'open' || answers(probers.get(probe.to) ?? null, probe);
    return { ...probe, ...(believable ? outcome : { result: 'unknown' }) };
  });
}

/** Silence is proof only where our own listener would have answered; a taken TCP port may be a service that refuses us. */
function answers(prober: PortProber | null, probe: PortProbe): boolean {
  return prober?.listening.some((port) => portName(port) === portName(probe)) ?? false;
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
