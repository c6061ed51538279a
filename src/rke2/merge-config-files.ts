import { parse } from 'yaml';
import type { Rke2Value, Rke2Values } from '../domain/cluster.ts';

/** One of the files that RKE2 reads its settings from. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

export interface MergedConfig {
  readonly values: Rke2Values;
  /** What no RKE2 could start with, as whole sentences; it would not be running if it had read these files. */
  readonly mistakes: readonly string[];
}

type Scalar = string | number | boolean;

/**
 * The settings that RKE2 takes from config.yaml and the files of config.yaml.d, by its own rules: the main file first,
 * then the drop-ins in the order of their names; a later file's key takes the place of an earlier one's, and `key+`
 * appends to it. YAML is read as RKE2 reads it (1.1: `0644` is a number, `yes` is true). `files` are in that order.
 */
export function mergeConfigFiles(files: readonly ConfigFile[]): MergedConfig {
  const values: Record<string, Rke2Value> = {};
  const mistakes: string[] = [];
  for (const { path, text } of files) {
    const read = readMap(path, text);
    if ('mistake' in read) {
      mistakes.push(read.mistake);
      continue;
    }
    for (const [written, value] of read.entries) {
      const appends = written.endsWith('+');
      const key = appends ? written.slice(0, -1) : written;
      const plain = toValue(value);
      if (plain === null)
        mistakes.push(`\`${key}\` in ${path} holds a map, and RKE2 takes only values and lists.`);
      else values[key] = appends ? append(values[key], plain) : plain;
    }
  }
  return { values, mistakes };
}

/** The main file, then the drop-ins (`.yaml` and `.yml`) by name: how RKE2 reads them. */
export function sortConfigFiles(files: readonly ConfigFile[], main: string): readonly ConfigFile[] {
  const dropIns = files.filter(({ path }) => path.startsWith(`${main}.d/`) && /\.ya?ml$/.test(path));
  const byName = (one: ConfigFile, other: ConfigFile) => (one.path < other.path ? -1 : 1);
  return [...files.filter(({ path }) => path === main), ...dropIns.toSorted(byName)];
}

function readMap(
  path: string,
  text: string,
): { readonly entries: readonly [string, unknown][] } | { readonly mistake: string } {
  let value: unknown;
  try {
    value = parse(text, { version: '1.1', uniqueKeys: false, logLevel: 'error', prettyErrors: false });
  } catch {
    return { mistake: `${path} is not YAML that can be read.` };
  }
  if (value === null || value === undefined) return { entries: [] };
  if (typeof value !== 'object' || Array.isArray(value))
    return { mistake: `${path} is not a map of settings.` };
  return { entries: Object.entries(value) };
}

/** null for what RKE2 cannot make flags of. A key with nothing behind it is empty text to RKE2. */
function toValue(value: unknown): Rke2Value | null {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.every(isScalar) ? value : null;
  return isScalar(value) ? value : null;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function append(before: Rke2Value | undefined, value: Rke2Value): Rke2Value {
  return before === undefined ? value : ([...[before].flat(), ...[value].flat()] as readonly Scalar[]);
}
