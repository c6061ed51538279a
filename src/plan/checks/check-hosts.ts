import type { Diagnostic } from '../../domain/diagnostic.ts';
import { CHECKS } from './catalog.ts';
import type { CheckInput } from './check.ts';

/** Every finding of every check: errors first, otherwise in the catalog's order. Pure; never throws on any facts. */
export function checkHosts(input: CheckInput): readonly Diagnostic[] {
  const findings = CHECKS.flatMap((check) => check.check(input));
  return [
    ...findings.filter((finding) => finding.severity === 'error'),
    ...findings.filter((finding) => finding.severity === 'warning'),
  ];
}
