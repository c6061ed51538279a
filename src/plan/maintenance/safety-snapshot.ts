import { factsOf } from '../../render/desired-node.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { makeStretch, type Stretch } from './stretch.ts';

/**
 * The snapshot that a verb takes before it risks anything, by the first etcd node that is in service. None with an
 * external datastore, and none while no API server answers: then RKE2 takes none.
 */
export function safetySnapshot(input: MaintenanceInput): readonly Stretch[] {
  const { observed, operation } = input;
  const node = members(input).servers.find(({ key, roles }) => {
    const facts = factsOf(observed, key);
    return roles.includes('etcd') && facts?.rke2.server.active === 'active' && facts.rke2.members !== null;
  });
  const answers = members(input).servers.some(({ key }) => factsOf(observed, key)?.rke2.apiAnswers === true);
  if (node === undefined || !answers) return [];
  const name = `rke2ctl-${operation.verb.replaceAll(/[^a-z]+/g, '-')}-${Math.floor(operation.startedAt / 1000)}`;
  return [
    makeStretch([
      {
        kind: 'save-snapshot',
        // Whichever node takes it in the end, it is the same step.
        id: 'save-snapshot',
        node,
        reason: 'before anything is risked',
        name,
      },
    ]),
  ];
}
