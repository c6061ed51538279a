import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { Step } from '../domain/plan.ts';
import { desiredFirewall } from '../render/desired-node.ts';
import { firewallDifference, isEmptyFirewall, joinFirewalls, NO_FIREWALL } from '../render/firewall-rules.ts';
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
export function welcomeStep(input: UpInput, departure: Departure): readonly Step[] {
  const { node, facts } = departure;
  const wanted = welcomeFirewall(input, departure);
  if (facts === null || wanted === null) return [];
  const add = firewallDifference(wanted, presentFirewall(facts, wanted.zone));
  if (isEmptyFirewall(add)) return [];
  return [
    {
      kind: 'open-firewall',
      id: `${stepId('open-firewall', node)} for who comes`,
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

/** The marker of a member that goes, with all that this run, or one that was cut off, has opened there for who comes. */
export function leavingMarker(input: UpInput, departure: Departure): Marker | null {
  const marker = departure.facts?.rke2.marker ?? null;
  if (marker === null || marker === 'unreadable' || marker.clusterId !== input.state.clusterId) return null;
  const opened = welcomeFirewall(input, departure);
  if (opened === null || marker.firewall === null) return marker;
  return { ...marker, firewall: joinFirewalls(marker.firewall, opened) };
}

/** null: firewalld is not ours there. */
function welcomeFirewall(input: UpInput, { node, facts }: Departure): FirewallRecord | null {
  const marker = facts?.rke2.marker ?? null;
  if (facts === null || marker === null || marker === 'unreadable' || marker.firewall === null) return null;
  const wanted = desiredFirewall(input, node.roles, facts, input.leavingAddresses);
  return wanted?.zone === marker.firewall.zone ? wanted : null;
}
