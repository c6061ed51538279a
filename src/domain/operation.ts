import type { JsonMap } from './cluster.ts';

/** What is done to a living cluster beside `up` and `remove`, as the command is typed. */
export const VERBS = [
  'cert rotate',
  'cert rotate --rotate-ca',
  'token rotate',
  'encrypt rotate-key',
  'etcd snapshot-save',
  'etcd snapshot-restore',
  'etcd reset',
  'etcd defrag',
] as const;

export type Verb = (typeof VERBS)[number];

/**
 * A verb that was begun: it stands in the state from before its first step until after its last, so that whoever runs the
 * command again goes on with the same request, and everybody else is told.
 */
export interface Operation {
  readonly verb: Verb;
  /** Milliseconds since the epoch, by the operator's clock. */
  readonly startedAt: number;
  /** What was asked, as the verb's planner takes it. Holds no secret. */
  readonly request: JsonMap;
  /** Ids of its steps that have succeeded. */
  readonly done: readonly string[];
}
