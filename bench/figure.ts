import type { Samples } from './measure.ts';

/** One ratio of medians, ours ÷ theirs, both taken in one run, with what it must not exceed. */
export interface Figure {
  readonly name: string;
  readonly limit: number;
  /** Seconds of ours first, then of what it is held against. */
  readonly measure: () => Promise<readonly [Samples, Samples]>;
}
