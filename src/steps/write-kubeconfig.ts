import { Rke2ctlError } from '../domain/errors.ts';
import { readFile } from '../host/files.ts';
import { renderKubeconfig } from '../render/kubeconfig.ts';
import { KUBECONFIG_PATH } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/** Fetches the admin's kubeconfig from a control plane and writes it on the operator's machine, with its real address. */
export const writeKubeconfig: StepHandler<'write-kubeconfig'> = {
  title: () => 'fetch the kubeconfig',
  run: async ({ node, server }, context) => {
    if (node === null) throw new Error('write-kubeconfig needs a node');
    const text = await readFile(context.host(node.key), KUBECONFIG_PATH, { signal: context.signal });
    if (text === null) throw missing(node.name);
    await context.operator.writeKubeconfig(renderKubeconfig(text, context.cluster.name, server));
    return 'done';
  },
};

function missing(name: string): Error {
  return new Rke2ctlError({
    code: 'kubeconfig-missing',
    message: `${name} has no ${KUBECONFIG_PATH}, although its rke2-server is running.`,
    hint: 'Look at `journalctl -u rke2-server` there for why RKE2 did not write it, then run `rke2ctl up` again.',
  });
}
