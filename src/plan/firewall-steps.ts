import { isEmptyFirewall, NO_FIREWALL } from '../render/firewall-rules.ts';
import type { Draft } from './draft-step.ts';
import type { HostTies } from './host-ties.ts';
import { stepId } from './step-id.ts';
import type { NodeWork } from './up-input.ts';

/** Lets RKE2 through where firewalld does not. None where it does, or is none of our business. */
export function firewallStep({ changes }: NodeWork): readonly Draft<'open-firewall'>[] {
  const { firewall } = changes;
  if (firewall === null || isEmptyFirewall(firewall.add)) return [];
  return [
    {
      kind: 'open-firewall',
      reason: 'firewalld does not let RKE2 through as it must',
      ...firewall,
      remove: { ...NO_FIREWALL, zone: firewall.remove.zone },
    },
  ];
}

/** Takes away what firewalld need not let through any more, once those who needed it are gone. */
export function closeStep(
  { desired, changes }: NodeWork,
  { departed }: HostTies,
): readonly Draft<'open-firewall'>[] {
  if (changes.firewall === null) return [];
  const { add, remove } = changes.firewall;
  return [
    {
      kind: 'open-firewall',
      id: `${stepId('open-firewall', desired.planned)} again`,
      reason: 'what it let through is needed no more',
      add: { ...NO_FIREWALL, zone: add.zone },
      remove,
      reload: false,
      needs: departed,
    },
  ];
}

/** What is no longer needed is closed last: its peers need it as long as the node, or a member that goes, is what it was. */
export function isClosing({ changes }: NodeWork): boolean {
  return changes.firewall !== null && !isEmptyFirewall(changes.firewall.remove);
}
