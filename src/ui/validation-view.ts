import type { Diagnostic } from '../domain/diagnostic.ts';
import { listFindings } from './findings-view.ts';
import { wrapText } from './fit-text.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

/** What there is to say of a cluster.yml after it was read. */
export interface Validation {
  /** As the person named the file or files. */
  readonly config: string;
  /** In the order of the file. */
  readonly findings: readonly Diagnostic[];
  /** Null exactly when there is an error. */
  readonly cluster: { readonly name: string; readonly nodes: number } | null;
}

/** The page of findings: each with its place, then one line that sums it up. */
export function renderValidation({ config, findings, cluster }: Validation, style: Style): string {
  const sum = sumUp(findings);
  const verdict =
    cluster === null
      ? `${style.red(`${config} is not valid`)}: ${sum}`
      : `${style.green(`${config} is valid`)}: cluster ${cluster.name}, ${countText(cluster.nodes, 'node')}.${sum === '' ? '' : ` ${capitalize(sum)}`}`;
  const page = [...listFindings(findings, style), `${wrapText(verdict, style.width).join('\n')}\n`];
  return page.join('\n');
}

/** `3 mistakes, 14 warnings: 9 keys of RKE1 have no meaning.` */
function sumUp(findings: readonly Diagnostic[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const counts = [
    ...(errors > 0 ? [countText(errors, 'mistake')] : []),
    ...(warnings > 0 ? [countText(warnings, 'warning')] : []),
  ];
  const lost = count(findings, 'rke1-no-meaning');
  const refused = count(findings, 'rke1-refused');
  const keys = [
    ...(refused > 0 ? [`${countText(refused, 'key')} of RKE1 cannot be honoured`] : []),
    ...(lost > 0 ? [`${countText(lost, 'key')} of RKE1 ${lost === 1 ? 'has' : 'have'} no meaning`] : []),
  ];
  if (counts.length === 0) return '';
  return `${counts.join(', ')}${keys.length === 0 ? '' : `: ${keys.join(', ')}`}.`;
}

function count(findings: readonly Diagnostic[], code: string): number {
  return findings.filter((finding) => finding.code === code).length;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
