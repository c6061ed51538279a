import type { Diagnostic } from '../../domain/diagnostic.ts';
import { CHECK_NAMES } from './catalog.ts';

/**
 * What is left of the findings once the person has waved some checks through: their errors become warnings that say so
 * (and so reach the journal), their warnings go. A name that no check has is an error of its own.
 */
export function applyIgnored(
  findings: readonly Diagnostic[],
  ignored: readonly string[],
): readonly Diagnostic[] {
  const unknown = [...new Set(ignored)].filter((name) => !CHECK_NAMES.includes(name));
  const names = new Set(ignored.filter((name) => CHECK_NAMES.includes(name)));
  return [
    ...unknown.map(complain),
    ...findings.flatMap((finding): Diagnostic[] => {
      if (!names.has(finding.code)) return [finding];
      if (finding.severity === 'warning') return [];
      return [
        { ...finding, severity: 'warning', message: `${finding.message} (Let pass by --ignore-check.)` },
      ];
    }),
  ];
}

function complain(name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'unknown-check',
    message: `--ignore-check ${name}: there is no check of this name.`,
    hint: `The checks are: ${[...CHECK_NAMES].sort().join(', ')}.`,
  };
}
