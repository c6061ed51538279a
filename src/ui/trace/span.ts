import type { NodeKey } from '../../domain/cluster.ts';

/** Where time went: one stretch of it. Times are ms since this process began. */
export interface Span {
  readonly kind: SpanKind;
  /** In words for people, without secrets. */
  readonly name: string;
  /** The host it is about; null for what is done on the operator's machine. */
  readonly key: NodeKey | null;
  readonly startMs: number;
  readonly endMs: number;
  /** More of it: exit code, bytes, outcome. */
  readonly detail: Readonly<Record<string, string | number | null>>;
}

export type SpanKind =
  /** All steps of a plan. */
  | 'run'
  /** What the command itself was at: starting up, looking, planning. */
  | 'phase'
  /** One host from the first packet until its facts are there. */
  | 'look'
  | 'connection'
  | 'command'
  /** A command whose time is the time of the bytes that go into it. */
  | 'transfer'
  /** A command that goes on while we talk to it, like the one that holds the lock. */
  | 'talk'
  | 'step'
  /** What a step said it was at. */
  | 'part'
  /** A host that has something to do and does nothing yet. */
  | 'wait';

/** How long it took, in ms. */
export function lengthOf({ startMs, endMs }: Span): number {
  return endMs - startMs;
}
