import type { ClusterDraft } from '../draft.ts';
import type { ConfigEnvironment } from '../environment.ts';
import type { Finding } from '../finding.ts';
import type { PathResolver } from '../local-path.ts';

/** What rules may look at beside the file: the environment, and where a relative path leads. */
export interface RuleContext {
  readonly env: ConfigEnvironment;
  readonly toAbsolute: PathResolver;
  /** Which entry of `nodes` in the file (from 0) the node at this index of the draft stands in: ranges are many nodes. */
  readonly entryOf: (index: number) => number;
}

/** Looks at keys that must fit each other. What could not be understood is missing from the draft and has its own finding. */
export type Rule = (draft: ClusterDraft, context: RuleContext) => readonly Finding[];
