import type { Step } from '../domain/plan.ts';
import { desiredFirewall } from '../render/desired-node.ts';
import { firewallDifference, isEmptyFirewall, NO_FIREWALL } from '../render/firewall-rules.ts';
import { presentFirewall } from './compare-firewall.ts';
import type { Departure } from './membership.ts';
import { stepId } from './step-id.ts';
import type { UpInput } from './up-input.ts';

/** Cluster addresses of members that go for good and still run: those of the file must let them in until they have gone. */
export function leavingAddresses(departures: readonly Departure[]): readonly string[] {
  return departures
    .filter(({ facts, why }) => facts !== null && why !== 'rejoins')
    .flatMap(({ record }) => [
      record.clusterAddress,
      ...((record.otherAddress ?? '') ? [record.otherAddress ?? ''] : []),
    ]);
}

/**
 * A member that is about to go lets in those who come before it goes: they need it for etcd's data. What is opened for that
 * goes with the rest when its host is cleaned.
 */
export function welcomeStep(input: UpInput, { node, facts }: Departure): readonly Step[] {
  if (facts === null) return [];
  const { marker } = facts.rke2;
  if (marker === null || marker === 'unreadable' || marker.firewall === null) return [];
  const wanted = desiredFirewall(input, node.roles, facts, input.leavingAddresses);
  if (wanted === null || wanted.zone !== marker.firewall.zone) return [];
  const add = firewallDifference(wanted, presentFirewall(facts, wanted.zone));
  if (isEmptyFirewall(add)) return [];
  return [
    {
      kind: 'open-firewall',
      id: welcomeId(node.key),
      node,
      reason: 'who comes before it goes needs it for etcd’s data',
      needs: [],
      after: [],
      add,
      remove: { ...NO_FIREWALL, zone: wanted.zone },
      reload: false,
    },
  ];
}

function welcomeId(key: string): string {
  return `${stepId('open-firewall', { key })} for who comes`;
}
