import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../domain/errors.ts';
import { getNode, uncordonNode } from '../host/node-object.ts';
import type { StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

const POLL_MS = 1_000;

/**
 * Lets pods onto a Node again, and takes our mark off it. A cordon that does not bear our mark is somebody else's and
 * stays. Waits until the Node is Ready: pods must not be sent to one that is not, and it stays cordoned for that long.
 */
export const uncordon: StepHandler<'uncordon'> = {
  title: () => 'uncordon',
  run: async ({ node, via }, context) => {
    if (node === null) throw new Error('uncordon needs a node');
    const options = { dataDir: context.cluster.dataDir, signal: context.signal };
    const deadline = Date.now() + context.timeoutMs;
    for (;;) {
      const outcome = await withControlPlane(via, context, async (host) => {
        const found = await getNode(host, node.name, options);
        if (found === null || !found.drainedByUs) return 'unchanged' as const;
        if (!found.ready && found.unschedulable) return { reason: found.reason };
        await uncordonNode(host, node.name, options);
        return 'done' as const;
      });
      if (typeof outcome === 'string') return outcome;
      if (Date.now() > deadline) throw stillNotReady(node.name, outcome.reason, context.timeoutMs);
      context.progress(`waits until ${node.name} is Ready`);
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

function stillNotReady(name: string, reason: string, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'node-not-ready',
    message: `${name} is not Ready after ${Math.round(timeoutMs / 1000)} s, so it stays cordoned: ${reason}`,
    hint: `Look at the journal of RKE2 on that host, then run \`rke2ctl up\` again. \`kubectl uncordon ${name}\` lets pods there all the same.`,
  });
}
