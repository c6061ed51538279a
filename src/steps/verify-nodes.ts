import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError, TimeoutError } from '../domain/errors.ts';
import type { ApiNode } from '../domain/observed.ts';
import type { ExpectedNode } from '../domain/plan.ts';
import { getNodes } from '../host/kubectl.ts';
import type { StepHandler } from './step-handler.ts';

/** Mostly they get Ready soon after their services; where that takes longer they are asked about less often. */
const SOON_LOOKS = 25;
const SOON_MS = 300;
const LATER_MS = 1_000;
const DENIAL_MS = 1_000;

/**
 * Waits until the API lists every node of the file as Ready, with its roles and address; names those that are not. Nodes
 * that went wrong earlier in the run are not waited for.
 */
export const verifyNodes: StepHandler<'verify-nodes'> = {
  title: (step) => `wait for ${step.nodes.length} Ready ${step.nodes.length === 1 ? 'Node' : 'Nodes'}`,
  run: async ({ node, nodes }, context) => {
    if (node === null) throw new Error('verify-nodes needs a node');
    const host = context.host(node.key);
    const deadline = Date.now() + context.timeoutMs;
    for (let looks = 0; ; looks += 1) {
      const pauseMs = looks < SOON_LOOKS ? SOON_MS : LATER_MS;
      const isLate = Date.now() > deadline;
      const listed = await getNodes(host, { signal: context.signal, dataDir: context.cluster.dataDir }).catch(
        (error: unknown) => {
          // While etcd changes its leader, and after a restart, the API is away for a moment.
          if (!(error instanceof RemoteCommandError) || isLate) throw error;
          return null;
        },
      );
      if (listed === null) {
        context.progress('the API server does not answer');
        await sleep(pauseMs, undefined, { signal: context.signal });
        continue;
      }
      const awaited = nodes.filter(({ key }) => !context.isLost(key));
      const missing = awaited.flatMap((expected) => complaint(expected, listed));
      if (missing.length === 0) {
        if (looks > 0) return 'done';
        // All at once may be what the API still says from before a restart: their kubelets have a second to deny it.
        await sleep(DENIAL_MS, undefined, { signal: context.signal });
        continue;
      }
      context.progress(`${awaited.length - missing.length} of ${awaited.length} Ready; ${missing[0]}`);
      if (Date.now() > deadline) throw notReady(missing, context.timeoutMs);
      await sleep(pauseMs, undefined, { signal: context.signal });
    }
  },
};

/** What keeps one node from being as the file says; empty when nothing does. */
export function complaint(expected: ExpectedNode, listed: readonly ApiNode[]): readonly string[] {
  const node = listed.find((candidate) => candidate.name === expected.name);
  if (node === undefined) return [`${expected.name} has not registered`];
  if (!node.ready) return [`${expected.name} is not Ready: ${node.reason}`];
  const wanted = {
    etcd: expected.roles.includes('etcd'),
    'control-plane': expected.roles.includes('controlplane'),
  };
  for (const [role, isWanted] of Object.entries(wanted)) {
    if (node.roles.includes(role) !== isWanted) {
      return [`${expected.name} ${isWanted ? 'lacks' : 'has'} the role ${role}`];
    }
  }
  const known = node.internalAddresses.length === 0 || node.internalAddresses.includes(expected.address);
  return known
    ? []
    : [`${expected.name} registered as ${node.internalAddresses.join(', ')}, not ${expected.address}`];
}

function notReady(missing: readonly string[], timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'nodes-not-ready',
    message: `After ${Math.round(timeoutMs / 1000)} s the cluster is not complete: ${missing.join('; ')}.`,
    hint: 'Look at `journalctl -u rke2-server` or `-u rke2-agent` on those hosts, then run `rke2ctl up` again.',
  });
}
