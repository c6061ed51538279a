import type { Diagnostic } from '../domain/diagnostic.ts';
import { cleanText } from './clean-text.ts';
import { wrapText } from './fit-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText } from './table.ts';

/**
 * Findings for people: those of the file first, each with file:line:column, then those of the cluster, then by host.
 * What several hosts have in common is said once. Ends with a line of counts; empty when there is nothing.
 */
export function renderFindings(findings: readonly Diagnostic[], style: Style = PLAIN_STYLE): string {
  const blocks = listFindings(findings, style);
  return blocks.length === 0 ? '' : `${blocks.join('')}${countFindings(findings, style)}\n`;
}

/** The same finding by finding, those of hosts by groups of hosts, each with its line end; without the counts. */
export function listFindings(findings: readonly Diagnostic[], style: Style): readonly string[] {
  return [
    ...findings.filter((each) => each.node === undefined).map((each) => renderOne(each, style, '')),
    ...groupByHosts(findings).map(
      ({ hosts, group }) =>
        `${style.bold(nameHosts(hosts))}\n${group.map((each) => renderOne(each, style, '  ')).join('')}`,
    ),
  ];
}

/** `2 errors, 1 warning`. */
export function countFindings(findings: readonly Diagnostic[], style: Style = PLAIN_STYLE): string {
  const errors = findings.filter((each) => each.severity === 'error').length;
  const warnings = findings.length - errors;
  return [
    ...(errors > 0 ? [style.red(countText(errors, 'error'))] : []),
    ...(warnings > 0 ? [style.yellow(countText(warnings, 'warning'))] : []),
  ].join(', ');
}

function renderOne(finding: Diagnostic, style: Style, indent: string): string {
  const paint = finding.severity === 'error' ? style.red : style.yellow;
  const { position } = finding;
  const where =
    position === undefined ? '' : `${style.bold(`${position.file}:${position.line}:${position.column}`)}: `;
  const head = `${where}${paint(`${finding.severity}:`)} ${cleanText(finding.message)} ${style.dim(`[${finding.code}]`)}`;
  const room = style.width === null ? null : style.width - indent.length - 2;
  const hint = wrapText(cleanText(finding.hint), room === null ? null : room - style.symbols.hint.length - 1);
  const margin = ' '.repeat(style.symbols.hint.length + 1);
  return [
    ...wrapText(head, room).map((line, index) => `${indent}${index === 0 ? '' : '  '}${line}\n`),
    ...hint.map((line, index) => `${indent}  ${index === 0 ? `${style.symbols.hint} ` : margin}${line}\n`),
  ].join('');
}

/** More names than these say less. */
const MOST_NAMED = 20;

/** A few hosts by their names, many by the first ones and how many more; \`--output json\` has them all. */
function nameHosts(hosts: readonly string[]): string {
  if (hosts.length <= MOST_NAMED) return hosts.join(', ');
  const named = hosts.slice(0, MOST_NAMED / 2);
  return `${named.join(', ')} and ${hosts.length - named.length} more`;
}

interface HostGroup {
  readonly hosts: readonly string[];
  readonly group: readonly Diagnostic[];
}

/** Equal findings of several hosts become one; findings of the same hosts stand together. */
function groupByHosts(findings: readonly Diagnostic[]): readonly HostGroup[] {
  const equal = new Map<string, { readonly finding: Diagnostic; readonly hosts: Set<string> }>();
  for (const finding of findings) {
    if (finding.node === undefined) continue;
    const { severity, code, message, hint, position } = finding;
    const key = JSON.stringify([severity, code, message, hint, position ?? null]);
    const known = equal.get(key) ?? { finding, hosts: new Set<string>() };
    known.hosts.add(finding.node);
    equal.set(key, known);
  }
  const groups = new Map<string, { readonly hosts: readonly string[]; readonly group: Diagnostic[] }>();
  for (const { finding, hosts } of equal.values()) {
    const names = [...hosts];
    const key = JSON.stringify(names);
    const known = groups.get(key) ?? { hosts: names, group: [] };
    known.group.push(finding);
    groups.set(key, known);
  }
  return [...groups.values()];
}
