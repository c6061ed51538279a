import type { Diagnostic } from '../domain/diagnostic.ts';
import { CheckError } from '../domain/errors.ts';
import { applyIgnored } from '../plan/checks/apply-ignored.ts';
import type { Workspace } from './workspace.ts';

/** Says what was found, as far as the person has not let it pass. Throws CheckError, with all of it, for an error. */
export function judgeFindings(
  findings: readonly Diagnostic[],
  ignored: readonly string[],
  { emit }: Pick<Workspace, 'emit'>,
): readonly Diagnostic[] {
  const judged = applyIgnored(findings, ignored);
  if (judged.some((finding) => finding.severity === 'error')) throw new CheckError(judged);
  for (const diagnostic of judged) emit({ type: 'finding', diagnostic });
  return judged;
}
