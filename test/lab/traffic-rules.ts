import { mustRun } from './command.ts';
import type { FaultRecord } from './fault-records.ts';
import { readFaults } from './fault-records.ts';
import type { HostRecord, LabState } from './lab-state.ts';
import { inNamespace } from './network.ts';

/**
 * Puts the lab's own traffic rules (bastion, closed ports, partitions) on its bridge, outside the hosts, all in one
 * stroke. They are worked out anew from the lab's state and the faults that are written down.
 */
export async function applyTrafficRules(state: LabState): Promise<void> {
  const rules = [...bastionRules(state)];
  for (const host of state.hosts)
    for (const fault of await readFaults(state, host)) rules.push(...faultRules(state, host, fault));
  await mustRun(inNamespace(state, ['nft', '-f', '-']), { stdin: renderTable(rules) });
}

function renderTable(rules: readonly string[]): string {
  const chain = (name: string, hook: string): string =>
    [
      `  chain ${name} {`,
      `    type filter hook ${hook} priority 0;`,
      ...rules.map((rule) => `    ${rule}`),
      '  }',
    ].join('\n');
  return [
    'table bridge lab {}',
    'delete table bridge lab',
    'table bridge lab {',
    chain('between_hosts', 'forward'),
    chain('from_controller', 'output'),
    chain('to_controller', 'input'),
    '}',
    '',
  ].join('\n');
}

function bastionRules(state: LabState): string[] {
  const bastion = state.hosts.find((host) => host.role === 'bastion');
  if (bastion === undefined) return [];
  const behind = state.hosts.filter((host) => host !== bastion);
  if (behind.length === 0) return [];
  return [
    `ip saddr != ${bastion.address} ip daddr { ${behind.map((host) => host.address).join(', ')} } tcp dport 22 drop`,
    `ip6 saddr != ${bastion.address6} ip6 daddr { ${behind.map((host) => host.address6).join(', ')} } tcp dport 22 drop`,
  ];
}

function faultRules(state: LabState, host: HostRecord, fault: FaultRecord): string[] {
  if (fault.kind === 'drop-port') {
    const [port = '', protocol = 'tcp'] = (fault.argument ?? '').split('/');
    return [
      `ip daddr ${host.address} ${protocol} dport ${port} drop`,
      `ip6 daddr ${host.address6} ${protocol} dport ${port} drop`,
    ];
  }
  if (fault.kind === 'loss') {
    const lost = `numgen random mod 100 < ${fault.argument} drop`;
    return [
      ...[`ip daddr ${host.address} ${lost}`, `ip saddr ${host.address} ${lost}`],
      ...[`ip6 daddr ${host.address6} ${lost}`, `ip6 saddr ${host.address6} ${lost}`],
    ];
  }
  if (fault.kind !== 'partition') return [];
  const named = fault.argument?.split(',');
  const others = state.hosts.filter(
    (other) =>
      other !== host && (named === undefined ? other.role !== 'bastion' : named.includes(other.name)),
  );
  if (others.length === 0) return [];
  const addresses = `{ ${others.map((other) => other.address).join(', ')} }`;
  const addresses6 = `{ ${others.map((other) => other.address6).join(', ')} }`;
  return [
    `ip saddr ${host.address} ip daddr ${addresses} drop`,
    `ip saddr ${addresses} ip daddr ${host.address} drop`,
    `ip6 saddr ${host.address6} ip6 daddr ${addresses6} drop`,
    `ip6 saddr ${addresses6} ip6 daddr ${host.address6} drop`,
  ];
}
