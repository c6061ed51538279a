import type { RunEvent } from '../domain/event.ts';
import type { PlannedNode } from '../domain/plan.ts';

/** One line of the journal, still without time and run. */
export type JournalEntry = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * What of an event is worth keeping for years: what was asked for, begun and ended, and what was found or went wrong.
 * null for what only a screen needs (progress, successful connections).
 */
export function toJournalEntry(event: RunEvent): JournalEntry | null {
  switch (event.type) {
    case 'host-connecting':
    case 'host-probed':
    case 'step-progress':
      return null;
    case 'planned':
      return {
        type: event.type,
        purpose: event.plan.purpose,
        clusterId: event.plan.clusterId,
        version: event.plan.version,
        steps: event.plan.steps.map((step) => step.id),
        unreachable: event.plan.unreachable,
      };
    case 'step-started':
      return { type: event.type, step: event.step, ...place(event.node) };
    case 'step-ended':
      return {
        type: event.type,
        step: event.step,
        ...place(event.node),
        outcome: event.outcome,
        durationMs: Math.round(event.durationMs),
        ...(event.failure === undefined ? {} : { failure: event.failure }),
      };
    case 'port-matrix':
      return {
        type: event.type,
        open: event.results.filter((probe) => probe.result === 'open').length,
        notOpen: event.results.filter((probe) => probe.result !== 'open'),
      };
    default:
      return event;
  }
}

function place(node: PlannedNode | null): Readonly<Record<string, string>> {
  return node === null ? {} : { node: node.name, key: node.key, nodeId: node.id };
}
