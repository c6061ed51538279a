import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeName } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { checkMoves } from './check-moves.ts';
import { type Departure, recordAt, resolveMembership } from './membership.ts';

/**
 * Who comes in whose place, and who is given up: another machine under a member's name or address is taken for it only when
 * the person says so, and what is left behind on hosts that do not answer is said.
 */
export function checkMembership(
  cluster: Cluster,
  observed: Observed,
  state: State,
  replace: readonly string[],
): readonly Diagnostic[] {
  if (state.removing) return [];
  const { replaced, departures } = resolveMembership(cluster, observed, state);
  const named = new Map(replace.map((name) => [name, false]));
  const findings: Diagnostic[] = [];
  const refused = new Set<string>();
  for (const spec of cluster.nodes) {
    const facts = factsOf(observed, spec.key);
    const names = [
      spec.key,
      spec.address,
      spec.name ?? '',
      ...(facts === null ? [] : [nodeName(spec, facts)]),
    ];
    const former = replaced.get(spec.key) ?? null;
    const asked = replace.filter((name) => names.includes(name) || name === former?.name);
    for (const name of asked) named.set(name, true);
    if (former === null || facts === null) {
      for (const name of asked) findings.push(replacesNobody(name, facts === null));
    } else if (asked.length === 0 && former.phase === 'joined' && recordAt(spec, observed, state) === null) {
      refused.add(former.nodeId);
      findings.push(anotherMachine(former, spec.address));
    }
  }
  return [
    ...findings,
    ...[...named].flatMap(([name, isKnown]) => (isKnown ? [] : [replaceUnknown(name, cluster)])),
    ...departures.filter(({ node }) => !refused.has(node.id)).flatMap(forgotten),
    ...checkMoves(cluster, observed, state),
  ];
}

function anotherMachine({ name, address }: NodeRecord, now: string): Diagnostic {
  const where = address === now ? `At ${now}` : `In its place, at ${now},`;
  return {
    severity: 'error',
    code: 'node-replaced',
    node: name,
    message: `${name} (${address}) is a member of this cluster. ${where} stands another machine now: a new one, or the same one installed anew.`,
    hint: `If the old one is gone for good, run \`rke2ctl up --replace ${name}\`: it deletes the old member and lets this machine join under its name. If not, mend the address in the file.`,
  };
}

function replacesNobody(name: string, isSilent: boolean): Diagnostic {
  return {
    severity: 'warning',
    code: 'replaces-nobody',
    node: name,
    message: isSilent
      ? `--replace ${name}: that host does not answer, so nothing is replaced yet.`
      : `--replace ${name}: that node is the machine that joined, or a new one; there is nobody to replace.`,
    hint: 'Nothing need be done; leave --replace out.',
  };
}

function replaceUnknown(name: string, { nodes }: Cluster): Diagnostic {
  return {
    severity: 'error',
    code: 'replace-unknown',
    message: `--replace ${name}: the file has no such node.`,
    hint: `Name one of: ${nodes.map((node) => node.name ?? node.address).join(', ')}.`,
  };
}

function forgotten({ record, facts, why }: Departure): readonly Diagnostic[] {
  if (facts !== null) return [];
  return [
    {
      severity: 'warning',
      code: 'node-forgotten',
      node: record.name,
      message: `${record.name} (${record.address}) ${why === 'replaced' ? 'is replaced' : 'left the file'} and does not answer: its Node and its record are deleted, and its host stays as it is.`,
      hint: 'If that host ever runs again, run `rke2-killall.sh` and `rke2-uninstall.sh` there before anything else: it still thinks that it is a member.',
    },
  ];
}
