import { endContainers } from '../host/end-containers.ts';
import { activeState, stopService as stopUnit } from '../host/systemd.ts';
import { unitName } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Stops a node's service. Its containers go on as RKE2 means them to (the API server among them), unless they are to end
 * as well: then the node serves nothing any more.
 */
export const stopService: StepHandler<'stop-service'> = {
  title: ({ node, containers }) => `stop ${node?.service}${containers ? ' and its containers' : ''}`,
  run: async ({ node, containers }, context) => {
    if (node === null) throw new Error('stop-service needs a node');
    const host = context.host(node.key);
    const options = { signal: context.signal };
    const before = await activeState(host, unitName(node.service), options);
    if (before !== 'inactive') await stopUnit(host, node.service, options);
    // What is left of containers does not show in the unit.
    if (containers) await endContainers(host, node.service, options);
    return containers || before !== 'inactive' ? 'done' : 'unchanged';
  },
};
