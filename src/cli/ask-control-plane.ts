import { Rke2ctlError } from '../domain/errors.ts';
import type { Host } from '../host/host.ts';
import { readKnownNodes } from './nodes/known-nodes.ts';
import { onNodes } from './nodes/on-nodes.ts';
import { selectNodes } from './nodes/select-nodes.ts';
import { tellAbsence } from './nodes/tell-absence.ts';
import type { Workspace } from './workspace.ts';

/**
 * Does something once, on the first control plane that can be reached and does not fail at it. Throws what went wrong on
 * the last one, where none could. `ask` must bear to be tried again elsewhere.
 */
export async function askControlPlane<T>(
  { cluster, connect, signals, store }: Workspace,
  ask: (host: Host) => Promise<T>,
): Promise<{ readonly node: string; readonly value: T }> {
  const selected = selectNodes([], cluster, await readKnownNodes(store));
  const failures: string[] = [];
  for (const each of selected.filter(({ node }) => node.roles.includes('controlplane'))) {
    const options = { connect, window: 1, signal: signals.stop };
    const [outcome] = await onNodes([each], options, async ({ host }) => ({
      value: await tellAbsence(each.label, ask(host)),
    }));
    if (outcome?.value != null) return { node: outcome.label, value: outcome.value.value };
    signals.stop.throwIfAborted();
    if (outcome?.failure != null) failures.push(outcome.failure.message);
  }
  throw new Rke2ctlError({
    code: 'no-control-plane',
    message: `No control plane of this cluster could do that:\n  ${failures.join('\n  ')}`,
    hint: 'See `rke2ctl status` for what runs, and `rke2ctl up` to start what does not.',
  });
}
