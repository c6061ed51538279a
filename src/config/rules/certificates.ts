import { type Finding, findingAt } from '../finding.ts';
import { lookUpOwnCas } from '../own-cas.ts';
import type { Rule } from './rule.ts';

/** CAs of one's own must be such that RKE2 can begin with them: it does not look itself, and comes up with what breaks later. */
export const checkOwnCas: Rule = (draft, context): readonly Finding[] => {
  const written = draft.certificates?.ca;
  if (written === undefined) return [];
  return lookUpOwnCas(written, context).problems.map((problem) => findingAt(['certificates', 'ca'], problem));
};
