import { dirname, resolve } from 'node:path';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { type ClusterDraft, salvage } from './draft.ts';
import type { ConfigEnvironment } from './environment.ts';
import { type Finding, formatPath } from './finding.ts';
import { judgeKeys } from './judge-keys.ts';
import { ClusterSchema } from './keys/cluster.ts';
import { resolvePathsFrom } from './local-path.ts';
import { resolveCluster } from './resolve/resolve-cluster.ts';
import { refuseRke1Keys } from './rke1-keys.ts';
import { RULES } from './rules/all-rules.ts';
import { describeIssues } from './schema-findings.ts';
import { dropUnset } from './unset.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** What a cluster.yml says. `cluster` is null exactly when there is a finding that is an error. */
export interface ParsedCluster {
  readonly cluster: Cluster | null;
  /** Errors and warnings in the order of the file. */
  readonly findings: readonly Diagnostic[];
}

/** Reads the text of a cluster.yml. `file` is its name as the person gave it; paths inside are relative to its folder. */
export function parseCluster(text: string, file: string, env: ConfigEnvironment): ParsedCluster {
  const source = readYaml(text);
  const found: Diagnostic[] = source.mistakes.map(({ line, column, ...mistake }) => ({
    severity: 'error',
    ...mistake,
    position: { file, line, column },
  }));
  if (source.value === undefined) return { cluster: null, findings: sortByPosition(found) };

  const emptiness = describeEmptiness(source.value);
  if (emptiness)
    return { cluster: null, findings: sortByPosition([...found, toDiagnostic(emptiness, source, file)]) };

  const { value, findings: refused } = refuseRke1Keys(dropUnset(source.value));
  const judged = judgeKeys(value);
  const parsed = ClusterSchema.safeParse(value, { reportInput: false });
  const issues = parsed.success ? [] : describeIssues(ClusterSchema, parsed.error.issues, value);
  const draft = parsed.success ? parsed.data : (salvage(ClusterSchema, value) as ClusterDraft);
  const context = { env, toAbsolute: resolvePathsFrom(dirname(resolve(env.cwd, file)), env.home) };
  const conflicts = RULES.flatMap((rule) => rule(draft, context));
  found.push(
    ...[...refused, ...judged, ...issues, ...conflicts].map((finding) => toDiagnostic(finding, source, file)),
  );

  const isUsable = parsed.success && !found.some(({ severity }) => severity === 'error');
  return {
    cluster: isUsable ? resolveCluster(parsed.data, file, env) : null,
    findings: sortByPosition(found),
  };
}

function describeEmptiness(value: unknown): Finding | null {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return null;
  const message =
    value === null
      ? 'The file is empty.'
      : 'The file is not a map of settings such as `nodes` and `cluster_name`.';
  const hint = 'The least that works: `nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]`.';
  return { code: 'not-a-cluster', severity: 'error', message, hint, path: [], at: 'value' };
}

function toDiagnostic(finding: Finding, source: YamlSource, file: string): Diagnostic {
  const { at, code, hint, message, path, severity } = finding;
  const position = { file, ...source.locate(path, at) };
  return { severity, code, message, hint, position, ...(path.length > 0 && { path: formatPath(path) }) };
}

function sortByPosition(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = findings.toSorted(
    (a, b) =>
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0) ||
      a.code.localeCompare(b.code, 'en'),
  );
  // What stands behind an anchor is read once for each of its aliases.
  const seen = new Set<string>();
  return sorted.filter(({ code, hint, message, position }) => {
    const id = JSON.stringify([
      position?.line,
      position?.column,
      code,
      hint,
      message.replaceAll(/\[\d+\]/g, ''),
    ]);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
