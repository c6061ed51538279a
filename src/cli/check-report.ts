import { randomBytes } from 'node:crypto';
import { urlUnreached } from '../artifacts/url-errors.ts';
import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ArtifactError } from '../domain/errors.ts';
import type { Observed } from '../domain/observed.ts';
import type { PortProbe } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import { tryUrl } from '../host/try-url.ts';
import { applyIgnored } from '../plan/checks/apply-ignored.ts';
import { checkHosts } from '../plan/checks/check-hosts.ts';
import { portProbes } from '../plan/port-probes.ts';
import { factsOf, plannedNode } from '../render/desired-node.ts';
import { createState } from '../state/create-state.ts';
import { cleanText } from '../ui/clean-text.ts';
import { renderFindings } from '../ui/findings-view.ts';
import { wrapText } from '../ui/fit-text.ts';
import { decideStyle, type Style } from '../ui/style.ts';
import { countText } from '../ui/table.ts';
import { describeOutlook } from './plan/port-outlook.ts';
import { type Release, resolveRelease } from './resolve-release.ts';
import type { Workspace } from './workspace.ts';

export interface CheckReport {
  readonly findings: readonly Diagnostic[];
  /** Hosts that could not be asked, with the reason. */
  readonly unreachable: readonly { readonly key: NodeKey; readonly message: string; readonly hint: string }[];
  /** Every port that RKE2 will need between the hosts, and what the firewall there says of it now. */
  readonly ports: readonly (PortProbe & { readonly outlook: string })[];
}

/** Looks at every host and says what would hinder RKE2 there; changes nothing. */
export async function checkReport(workspace: Workspace, ignored: readonly string[]): Promise<CheckReport> {
  const { cluster } = workspace;
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  const state = await workspace.store.read();
  const clusterId = state?.clusterId ?? null;
  const release = await releaseOf(workspace, observed, state ?? createState(cluster.name, randomBytes));
  const findings = [
    ...workspace.findings,
    ...(release.finding === null ? [] : [release.finding]),
    ...(await tryUrlFrom(workspace, observed, release.found)),
    ...checkHosts({
      cluster,
      observed,
      clusterId,
      requiredDiskBytes: release.found?.requiredDiskBytes ?? {},
      architectures: release.found?.architectures ?? null,
    }),
  ];
  const unreachable = cluster.nodes.flatMap(({ key }) => {
    const host = observed.hosts[key];
    return host === undefined || host.reachable
      ? []
      : [{ key, message: host.error.message, hint: host.error.hint }];
  });
  return {
    findings: applyIgnored(findings, ignored),
    unreachable,
    ports: outlooks(workspace, observed, clusterId),
  };
}

/** The report for people. */
export function renderCheckReport({ findings, unreachable, ports }: CheckReport, hosts: number): string {
  const { isTTY, columns } = process.stdout;
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  const counts = new Map<string, number>();
  for (const { outlook } of ports) counts.set(outlook, (counts.get(outlook) ?? 0) + 1);
  const verdict =
    findings.length + unreachable.length === 0 ? 'nothing hinders RKE2' : 'what was found stands above';
  return [
    renderFindings(findings, style),
    ...unreachable.map((each) => renderUnreachable(each, style)),
    ...[...counts].map(([outlook, count]) => `${countText(count, 'port')} between the nodes: ${outlook}\n`),
    hosts === unreachable.length
      ? 'No host could be looked at.\n'
      : `${countText(hosts - unreachable.length, 'host')} looked at: ${verdict}.\n`,
  ].join('');
}

/** As findings are: what is said, and below it what to do. */
function renderUnreachable({ key, message, hint }: CheckReport['unreachable'][number], style: Style): string {
  const { symbols, width } = style;
  const head = wrapText(
    `${style.red(key)} not reached: ${cleanText(message)}`,
    width === null ? null : width - 2,
  );
  const margin = ' '.repeat(symbols.hint.length + 1);
  const rest = wrapText(cleanText(hint), width === null ? null : width - 2 - margin.length);
  return [
    ...head.map((line, index) => `${index === 0 ? '' : '  '}${line}\n`),
    ...rest.map((line, index) => `  ${index === 0 ? `${symbols.hint} ` : margin}${line}\n`),
  ].join('');
}

/** What artifacts lack is a finding here, as all other findings are still of use. */
async function releaseOf(
  workspace: Workspace,
  observed: Observed,
  state: State,
): Promise<{ readonly found: Release | null; readonly finding: Diagnostic | null }> {
  const { cluster } = workspace;
  // Which files count depends on the hosts' architecture: with no host there is nothing to be said of them.
  const isBlind = Object.values(observed.hosts).every((host) => !host.reachable);
  if (cluster.install.method === 'script' || isBlind) return { found: null, finding: null };
  try {
    const found = await resolveRelease({ cluster, state, observed, signal: workspace.signals.stop });
    return { found, finding: null };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const { code, message, hint } = error;
    return { found: null, finding: { severity: 'error', code, message, hint } };
  }
}

/** Which hosts cannot fetch from the URL of `install.artifacts`, where there is one. */
async function tryUrlFrom(
  { cluster, sessions, signals }: Workspace,
  observed: Observed,
  release: Release | null,
): Promise<readonly Diagnostic[]> {
  const sample = release?.sample;
  if (sample === undefined) return [];
  const reached = cluster.nodes.filter(({ key }) => factsOf(observed, key) !== null);
  const tried = reached.map(async ({ key }) => {
    const why = await tryUrl(sessions.get(key), sample.request, signals.stop);
    return why === null ? [] : [urlUnreached(key, sample.url, why)];
  });
  return (await Promise.all(tried)).flat();
}

function outlooks(workspace: Workspace, observed: Observed, clusterId: string | null): CheckReport['ports'] {
  const { cluster } = workspace;
  const nodes = cluster.nodes.flatMap((spec) => {
    const facts = factsOf(observed, spec.key);
    return facts === null ? [] : [plannedNode(spec, facts, clusterId ?? '')];
  });
  const addresses = new Map(nodes.map((node) => [node.key, node.address]));
  return portProbes(cluster, nodes, new Set(nodes.map((node) => node.key))).map((probe) => ({
    ...probe,
    outlook: describeOutlook(cluster, probe, addresses.get(probe.from) ?? '', factsOf(observed, probe.to)),
  }));
}
