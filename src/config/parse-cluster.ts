import { dirname, resolve } from 'node:path';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { applyRules } from './apply-rules.ts';
import { type ClusterDraft, salvage } from './draft.ts';
import type { ConfigEnvironment } from './environment.ts';
import { type FileSet, type Origin, readFileSet, type SourceFile } from './file-set.ts';
import { type Finding, formatPath, type Path } from './finding.ts';
import { judgeKeys } from './judge-keys.ts';
import { type ClusterInput, ClusterSchema } from './keys/cluster.ts';
import { resolvePathsFrom } from './local-path.ts';
import { locateInBlock } from './locate-in-block.ts';
import { findRancherOptions } from './rancher-options.ts';
import { resolveCluster } from './resolve/resolve-cluster.ts';
import { describeIssues, dropMisspelled } from './schema-findings.ts';
import { dropUnset } from './unset.ts';
import { substituteVariables } from './variables.ts';

/** What one or several files say. `cluster` is null exactly when there is a finding that is an error. */
export interface ParsedCluster {
  readonly cluster: Cluster | null;
  /** The files' own keys, merged and without what is left empty, `${VAR}` put in; null with `cluster`. */
  readonly input: ClusterInput | null;
  /** Errors and warnings in the order of the files. */
  readonly findings: readonly Diagnostic[];
  /** Where the value at `path` of `input` was written; null when it stands in no file. */
  readonly originOf: (path: Path) => Origin | null;
}

/** Characters from which on it is worth it that zod compiles code for every kind of map, which takes 8 ms. */
const COMPILED_FROM = 30_000;

/** Reads the text of a cluster.yml. `file` is its name as the person gave it; paths inside are relative to its folder. */
export function parseCluster(text: string, file: string, env: ConfigEnvironment): ParsedCluster {
  return parseClusterFiles([{ file, text }], env);
}

/**
 * Reads several files as one: later ones win (see mergeFiles). Paths inside are relative to the folder of the first one,
 * which also gives state and kubeconfig their names.
 */
export function parseClusterFiles(files: readonly SourceFile[], env: ConfigEnvironment): ParsedCluster {
  const source = readFileSet(files);
  const found = [...source.mistakes];
  const finish = (cluster: Cluster | null, input: ClusterInput | null): ParsedCluster => ({
    cluster,
    input: cluster && input,
    findings: sortByPosition(found, files),
    originOf: source.originOf,
  });
  if (source.value === undefined) return finish(null, null);

  const ranchers = findRancherOptions(source.value);
  if (ranchers) {
    found.push(toDiagnostic(ranchers, source, files));
    return finish(null, null);
  }
  const { value: written, findings: unresolved } = substituteVariables(source.value, env.variables);
  const value = dropUnset(written);
  const judged = judgeKeys(value);
  const jitless = files.reduce((length, { text }) => length + text.length, 0) < COMPILED_FROM;
  const parsed = ClusterSchema.safeParse(value, { reportInput: false, jitless });
  const issues = parsed.success ? [] : describeIssues(ClusterSchema, parsed.error.issues, value);
  const draft = parsed.success ? parsed.data : (salvage(ClusterSchema, value) as ClusterDraft);
  const file = files[0]?.file ?? '';
  const context = { env, toAbsolute: resolvePathsFrom(dirname(resolve(env.cwd, file)), env.home) };
  const conflicts = applyRules(draft, context);
  const all = dropMisspelled([...judged, ...issues, ...conflicts]);
  const clear = dropConsequences(all, unresolved);
  found.push(...[...unresolved, ...clear].map((finding) => toDiagnostic(finding, source, files)));

  const isUsable = parsed.success && !found.some(({ severity }) => severity === 'error');
  return isUsable ? finish(resolveCluster(parsed.data, file, env), parsed.data) : finish(null, null);
}

/** Without what is said of values in which a variable is missing: nobody knows what they will be. */
function dropConsequences(findings: readonly Finding[], causes: readonly Finding[]): readonly Finding[] {
  const places = new Set(causes.map(({ path }) => formatPath(path)));
  return findings.filter(({ path }) => !places.has(formatPath(path)));
}

function toDiagnostic(finding: Finding, source: FileSet, files: readonly SourceFile[]): Diagnostic {
  const { at, code, hint, message, path, severity } = finding;
  const place = source.locate(path, at);
  const text = files.find(({ file }) => file === place.file)?.text ?? '';
  const position = finding.within ? locateInBlock(text, place, finding.within) : place;
  return { severity, code, message, hint, position, ...(path.length > 0 && { path: formatPath(path) }) };
}

function sortByPosition(
  findings: readonly Diagnostic[],
  files: readonly SourceFile[],
): readonly Diagnostic[] {
  const order = new Map(files.map(({ file }, index) => [file, index]));
  const rank = ({ position }: Diagnostic): number => order.get(position?.file ?? '') ?? 0;
  const sorted = findings.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0) ||
      a.code.localeCompare(b.code, 'en'),
  );
  // What stands behind an anchor is read once for each of its aliases.
  const seen = new Set<string>();
  return sorted.filter(({ code, hint, message, position }) => {
    const id = JSON.stringify([position, code, hint, message.replaceAll(/\[\d+\]/g, '')]);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
