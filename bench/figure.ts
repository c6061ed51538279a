import type { Fixture, Share } from './fixture.ts';
import type { Samples } from './measure.ts';

/** What the samples are in; of a ratio both sides alike. */
export type Unit = 's' | 'ms' | 'MB';

/**
 * One number with what it must not exceed. With two samples it is the ratio of their medians, ours ÷ theirs, both taken in
 * one run; with one it is that median itself, and the limit is in its unit.
 */
export interface Figure {
  readonly name: string;
  readonly limit: number;
  /** Seconds if it says nothing. */
  readonly unit?: Unit;
  /** Taken only when the bench is asked to compare with this one. */
  readonly versus?: 'ansible';
  /** What it asks `share` for, so that the bench knows after which figure it may go. */
  readonly fixtures?: readonly Fixture<unknown>[];
  readonly measure: (share: Share) => Promise<readonly [Samples] | readonly [Samples, Samples]>;
}
