import { ConnectError } from '../../src/domain/errors.ts';
import type { PlannedNode } from '../../src/domain/plan.ts';
import type { Host } from '../../src/host/host.ts';
import type { StepContext } from '../../src/steps/step-handler.ts';
import type { Lab } from '../lab/lab.ts';
import { hostOfLab } from './lab-host.ts';
import { type ScriptedContext, scriptedContext } from './step-context.ts';

/** A step's surroundings over real lab hosts: keys are the hosts' names. Hosts in `lost` count as not connected. */
export function labStepContext(
  lab: Lab,
  lost: ReadonlySet<string>,
  overrides: Partial<StepContext> = {},
): ScriptedContext {
  const hosts = new Map<string, Host>();
  return scriptedContext(() => new Error('every script goes to a host here'), {
    host: (key) => {
      const target = lab.hosts.find(({ name }) => name === key);
      if (target === undefined || lost.has(key)) throw notConnected(key);
      const host = hosts.get(key) ?? hostOfLab(lab.namespace, target).host;
      hosts.set(key, host);
      return host;
    },
    ...overrides,
  });
}

/** A lab host as a plan names it; its id is its name. */
export function plannedNode(
  lab: Lab,
  name: string,
  roles: PlannedNode['roles'] = ['etcd', 'controlplane', 'worker'],
): PlannedNode {
  const address = lab.hosts.find((host) => host.name === name)?.address ?? '';
  const service = roles.some((role) => role !== 'worker') ? 'rke2-server' : 'rke2-agent';
  return { key: name, id: name, name, address, roles, service };
}

function notConnected(key: string): ConnectError {
  return new ConnectError({ code: 'not-connected', message: `${key} is not connected`, hint: 'Nothing.' });
}
