import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PortProbe } from '../domain/plan.ts';
import { checkHosts } from '../plan/checks/check-hosts.ts';
import { portProbes } from '../plan/port-probes.ts';
import { factsOf, plannedNode } from '../render/desired-node.ts';
import { renderFindings } from '../ui/findings-view.ts';
import { describeOutlook } from './port-outlook.ts';
import type { Workspace } from './workspace.ts';

export interface CheckReport {
  readonly findings: readonly Diagnostic[];
  /** Hosts that could not be asked, with the reason. */
  readonly unreachable: readonly { readonly key: NodeKey; readonly message: string; readonly hint: string }[];
  /** Every port that RKE2 will need between the hosts, and what the firewall there says of it now. */
  readonly ports: readonly (PortProbe & { readonly outlook: string })[];
  readonly text: string;
}

/** Looks at every host and says what would hinder RKE2 there; changes nothing. */
export async function checkReport(workspace: Workspace): Promise<CheckReport> {
  const { cluster } = workspace;
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  const clusterId = (await workspace.store.read())?.clusterId ?? null;
  const findings = [
    ...workspace.findings,
    ...checkHosts({ cluster, observed, clusterId, requiredDiskBytes: {}, architectures: null }),
  ];
  const nodes = cluster.nodes.flatMap((spec) => {
    const facts = factsOf(observed, spec.key);
    return facts === null ? [] : [plannedNode(spec, facts, clusterId ?? '')];
  });
  const ports = portProbes(cluster, nodes, new Set(nodes.map((node) => node.key))).map((probe) => ({
    ...probe,
    outlook: describeOutlook(cluster, probe, factsOf(observed, probe.to)),
  }));
  const unreachable = cluster.nodes.flatMap(({ key }) => {
    const host = observed.hosts[key];
    return host === undefined || host.reachable
      ? []
      : [{ key, message: host.error.message, hint: host.error.hint }];
  });
  return { findings, unreachable, ports, text: renderText(findings, unreachable, ports, nodes.length) };
}

function renderText(
  findings: readonly Diagnostic[],
  unreachable: CheckReport['unreachable'],
  ports: CheckReport['ports'],
  reached: number,
): string {
  const outlooks = new Map<string, number>();
  for (const { outlook } of ports) outlooks.set(outlook, (outlooks.get(outlook) ?? 0) + 1);
  return [
    renderFindings(findings),
    ...unreachable.map(({ key, message, hint }) => `${key}: not reached: ${message}\n  ${hint}\n`),
    ...[...outlooks].map(([outlook, count]) => `${count} node-to-node ports: ${outlook}\n`),
    `${reached} ${reached === 1 ? 'host' : 'hosts'} looked at: ${findings.length === 0 ? 'nothing hinders RKE2' : 'see above'}.\n`,
  ].join('');
}
