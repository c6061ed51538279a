import { stringify } from 'yaml';
import { readDefault } from './describe-key.ts';
import type { ConfigEnvironment } from './environment.ts';
import { listBelow } from './find-key.ts';
import { formatPath, type Path } from './finding.ts';
import type { ClusterInput } from './keys/cluster.ts';
import type { KeyRow } from './keys/key-table.ts';
import { isMap } from './merge-files.ts';
import { parseCluster } from './parse-cluster.ts';

/** The keys of a file and beside them the defaults that hold. */
export interface FilledInput {
  /** In the order of the tables of keys. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Paths of the values that are defaults, as `formatPath` writes them. */
  readonly defaults: ReadonlySet<string>;
}

/** Maps whose defaults hold in every cluster, whether the file has them or not. */
const ALWAYS: ReadonlySet<string> = new Set([
  'install',
  'network',
  'services',
  'services.kube-api',
  'services.kube-controller',
  'services.kubelet',
  'authentication',
  'authorization',
  'dns',
  'monitoring',
  'upgrade_strategy',
  'upgrade_strategy.node_drain_input',
  'firewall',
  'kubeconfig',
  'ssh',
]);

/** So often at most a default is found to be out of place beside what the file says. */
const MOST_ROUNDS = 5;

/**
 * Puts the defaults that are values into what the files say; those that are told in words stay out, and so do those
 * that something in the file speaks against. The whole is a cluster.yml that means the same.
 */
export function fillDefaults(input: ClusterInput, file: string, env: ConfigEnvironment): FilledInput {
  const left = new Set<string>();
  for (let round = 0; ; round += 1) {
    const filled = putDefaults(input, left);
    if (round === MOST_ROUNDS) return filled;
    const { findings } = parseCluster(stringify(filled.value), file, env);
    const out = findings.flatMap(({ path }) =>
      path !== undefined && filled.defaults.has(path) ? [path] : [],
    );
    if (out.length === 0) return filled;
    for (const path of out) left.add(path);
  }
}

function putDefaults(input: ClusterInput, left: ReadonlySet<string>): FilledInput {
  const defaults = new Set<string>();
  const below = new Map<string, readonly KeyRow[]>();
  const rowsBelow = (path: string): readonly KeyRow[] => {
    const known = below.get(path) ?? listBelow(path);
    below.set(path, known);
    return known;
  };
  const fill = (value: unknown, rowPath: string, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((each, index) => fill(each, rowPath, [...path, index]));
    const rows = rowsBelow(rowPath);
    if (!isMap(value) || rows.length === 0) return value;
    if (rows[0]?.path.startsWith(`${rowPath}.*.`) !== true) return fillMap(value, rows, path);
    const named = Object.entries(value).map(([name, each]) => [name, fillMap(each, rows, [...path, name])]);
    return Object.fromEntries(named);
  };
  const fillMap = (value: unknown, rows: readonly KeyRow[], path: Path): unknown => {
    if (!isMap(value)) return value;
    const known = rows.flatMap((row): [string, unknown][] => {
      const name = row.path.split('.').at(-1) ?? row.path;
      const here = [...path, name];
      const filled = Object.hasOwn(value, name) ? fill(value[name], row.path, here) : makeDefault(row, here);
      return filled === undefined ? [] : [[name, filled]];
    });
    const names = new Set(known.map(([name]) => name));
    return Object.fromEntries([...known, ...Object.entries(value).filter(([name]) => !names.has(name))]);
  };
  const makeDefault = (row: KeyRow, path: Path): unknown => {
    if (ALWAYS.has(row.path)) {
      const filled = fill({}, row.path, path);
      return isMap(filled) && Object.keys(filled).length > 0 ? filled : undefined;
    }
    const value = row.entry.fate === 'mapped' ? readDefault(row) : undefined;
    const shown = formatPath(path);
    if (value === undefined || left.has(shown)) return undefined;
    defaults.add(shown);
    return value;
  };
  return { value: fillMap(input, rowsBelow(''), []) as Readonly<Record<string, unknown>>, defaults };
}
