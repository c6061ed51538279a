import type { ClusterDraft } from '../draft.ts';
import type { Finding } from '../finding.ts';

/** Looks at keys that must fit each other. What could not be understood is missing from the draft and has its own finding. */
export type Rule = (draft: ClusterDraft) => readonly Finding[];
