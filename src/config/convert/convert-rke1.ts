import type { Conversion, ConversionEntry } from '../../domain/conversion.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { ConfigError } from '../../domain/errors.ts';
import { describeKey } from '../describe-key.ts';
import { findRowValues, growKeyTree } from '../keys/key-tree.ts';
import { parseCluster } from '../parse-cluster.ts';
import { findRancherOptions } from '../rancher-options.ts';
import { readYaml } from '../yaml-source.ts';
import { compareWithState } from './compare-with-state.ts';
import { type ConversionInput, type Draft, readDraft, toEntry } from './draft.ts';
import { dropDuplicates, dropLostKeys } from './drop-lost-keys.ts';
import { dropRefusedValues } from './drop-refused-values.ts';
import { dropUnsetKeys } from './drop-unset.ts';
import { toLineText } from './line-text.ts';
import { mendBackups } from './mend-backups.ts';
import { escapeDollars, movePaths } from './mend-values.ts';
import { mendVersion } from './mend-version.ts';
import type { OldCluster } from './read-rke1-state.ts';

const KINDS = ['decision', 'changed', 'dropped', 'carried'];

/**
 * Turns RKE1's cluster.yml into one of rke2ctl: line by line what it was, with its comments, without what has no place in
 * RKE2. `old` is what RKE1's state says beside it, if there is one. Throws a ConfigError when the text is no YAML.
 */
export function convertRke1(input: ConversionInput, old: OldCluster | null): Conversion {
  refuseBrokenYaml(input);
  let draft: Draft = { lines: toLineText(input.text.replaceAll('\r\n', '\n')), entries: [] };
  draft = dropDuplicates(draft);
  draft = mendVersion(draft, input.version);
  draft = mendBackups(draft);
  draft = dropLostKeys(draft);
  draft = dropUnsetKeys(draft);
  draft = escapeDollars(draft);
  draft = movePaths(draft, input);
  draft = dropRefusedValues(draft, input);
  const { findings } = parseCluster(draft.lines.text, input.target, { ...input.env, runCommand: null });
  const { value } = readDraft(draft);
  const entries = [
    ...draft.entries,
    ...findings.map((finding) => askPerson(draft, finding)),
    ...(old === null ? [] : compareWithState(value, old)),
    ...listCarried(draft),
  ];
  return { text: draft.lines.text, entries: entries.toSorted(byKindAndLine), findings };
}

/** What RKE1's reader would have refused, too; keys that stand twice it took. */
function refuseBrokenYaml({ text, file }: ConversionInput): void {
  const { value, mistakes, locate } = readYaml(text);
  const grave = mistakes.filter(({ code }) => code !== 'duplicate-key');
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const ranchers = findRancherOptions(value);
  if (ranchers) {
    const { path, at, code, hint, message, severity } = ranchers;
    const position = { file, ...locate(path, at) };
    throw new ConfigError(`${file} is the file of a cluster of Rancher's; nothing was written.`, [
      { severity, code, message, hint, position },
    ]);
  }
  if (grave.length === 0 && isMap) return;
  const findings = grave.map(
    ({ line, column, ...mistake }): Diagnostic => ({
      severity: 'error',
      ...mistake,
      position: { file, line, column },
    }),
  );
  throw new ConfigError(`${file} cannot be read as RKE1's cluster.yml; nothing was written.`, findings);
}

/** What is left to say of the new file is for the person to decide; its place is told in the old one. */
function askPerson({ lines }: Draft, { path = '', message, hint, position }: Diagnostic): ConversionEntry {
  const line = position === undefined ? null : (lines.origins[position.line - 1] ?? null);
  return { kind: 'decision', path, line, message, hint };
}

/** One entry for each kind of key that stands in the new file as it stood in the old one. */
function listCarried(draft: Draft): readonly ConversionEntry[] {
  const { document, value } = readDraft(draft);
  const told = new Set(draft.entries.filter(({ kind }) => kind !== 'dropped').map(({ path }) => path));
  const mapped = growKeyTree(({ entry }) => entry.fate === 'mapped');
  const first = new Map<string, ConversionEntry>();
  for (const { path, row } of findRowValues(value, mapped)) {
    if (first.has(row.path) || told.has(row.path)) continue;
    const message = describeKey(row).effects.join(', ');
    const entry = toEntry(draft, document, { kind: 'carried', path, message, hint: null });
    first.set(row.path, { ...entry, path: row.path });
  }
  return [...first.values()];
}

function byKindAndLine(a: ConversionEntry, b: ConversionEntry): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER) ||
    0
  );
}
