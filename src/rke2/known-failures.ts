import { CLUSTER_FAILURES } from './known-failures/cluster.ts';
import { DATASTORE_FAILURES } from './known-failures/datastore.ts';
import { HOST_FAILURES } from './known-failures/host.ts';
import { JOIN_FAILURES } from './known-failures/join.ts';
import type { KnownFailure } from './known-failures/known-failure.ts';

/** What is known about a failure: a stable name, why it happened, what to do. All for people. */
export interface Explanation {
  readonly name: string;
  readonly cause: string;
  readonly mend: string;
}

/** Every failure known by its words. A narrow cause stands before a wide one that its lines would also match. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  ...HOST_FAILURES,
  ...DATASTORE_FAILURES,
  ...CLUSTER_FAILURES,
  ...JOIN_FAILURES,
];

/**
 * Recognises why RKE2 (or its install script) failed from the lines it left, oldest first; null when nothing matches.
 * Where several causes match, the narrowest wins, and of its lines the latest.
 */
export function explainFailure(lines: readonly string[]): Explanation | null {
  for (const failure of KNOWN_FAILURES) {
    for (const line of [...lines].reverse()) {
      const found = failure.pattern.exec(line);
      if (found === null) continue;
      return { name: failure.name, cause: failure.cause(found), mend: failure.mend(found) };
    }
  }
  return null;
}
