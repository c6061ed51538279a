import type { Diagnostic } from './diagnostic.ts';

/**
 * What became of one key of an old file. `carried`: it stands as it stood; `changed`: it says the same in other words;
 * `dropped`: nothing is lost with it; `decision`: somebody who knows the cluster has to look at it.
 */
export type ConversionKind = 'carried' | 'changed' | 'dropped' | 'decision';

export interface ConversionEntry {
  readonly kind: ConversionKind;
  /** The key, as `nodes[0].docker_socket`; empty for what concerns the whole file. */
  readonly path: string;
  /** 1-based, in the old file; null for what does not stand there. */
  readonly line: number | null;
  /** What happened and why, as whole sentences; never a secret. */
  readonly message: string;
  /** What to do, or what to do instead; null when there is nothing to do. */
  readonly hint: string | null;
}

/** An old file as rke2ctl takes it, and the story of each of its keys. */
export interface Conversion {
  readonly text: string;
  /** Decisions first, then changed, dropped, carried; each kind in the order of the old file. */
  readonly entries: readonly ConversionEntry[];
  /** What `validate` says of the new text: errors only where nothing but a person can mend it. */
  readonly findings: readonly Diagnostic[];
}
