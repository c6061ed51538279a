import { rotateCertificates as rotate } from '../host/rotate-certificates.ts';
import type { StepHandler } from './step-handler.ts';

/** Takes a stopped node's certificates out of use; its next start makes new ones. */
export const rotateCertificates: StepHandler<'rotate-certificates'> = {
  title: () => 'take the old certificates out of use',
  run: async ({ node, services }, context) => {
    if (node === null) throw new Error('rotate-certificates needs a node');
    const { dataDir } = context.cluster;
    await rotate(context.host(node.key), node.service, services, { dataDir, signal: context.signal });
    return 'done';
  },
};
