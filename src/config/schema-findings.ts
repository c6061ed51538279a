import * as z from 'zod';
import { pickOption, schemaAt, unwrap } from './draft.ts';
import { type Finding, findingAt, formatPath, type Path } from './finding.ts';
import { entryOf } from './keys/key.ts';
import { explainUnknownKey } from './unknown-keys.ts';
import { explainValue, valueAt } from './value-mistakes.ts';

/** Turns what zod says of `value` into findings: each with key, value, what it must be, and an example to write. */
export function describeIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
): readonly Finding[] {
  return issues.flatMap((issue) => describeIssue(schema, issue, value, []));
}

/** A key that is missing because it is misspelled is one mistake, not two. */
export function dropMisspelled(findings: readonly Finding[]): readonly Finding[] {
  const misspelled = new Set(
    findings.flatMap(({ code, hint, path }) => {
      const meant = code === 'unknown-key' ? /^Did you mean `(.+)`/.exec(hint)?.[1] : undefined;
      return meant === undefined ? [] : [formatPath([...path.slice(0, -1), meant])];
    }),
  );
  return findings.filter(({ code, path }) => code !== 'missing-key' || !misspelled.has(formatPath(path)));
}

function describeIssue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  root: unknown,
  base: Path,
): readonly Finding[] {
  const path = [...base, ...issue.path] as Path;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schemaAt(schema, path, root));
    return issue.keys.map((key) => findingAt([...path, key], explainUnknownKey(key, path, known), 'key'));
  }
  if (issue.code === 'invalid_union') {
    const inner = listInnerIssues(schema, issue, path, root);
    if (inner) return inner.flatMap((each) => describeIssue(schema, each, root, path));
  }
  if (issue.code === 'custom' && issue.params) {
    const { code, hint } = issue.params;
    return [findingAt(path, { code: String(code), message: issue.message, hint: String(hint) })];
  }
  return [findingAt(path, explainValue(schema, issue, path, root))];
}

/** The mistakes inside the option of a union that the value evidently is. */
function listInnerIssues(
  schema: z.ZodType,
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  root: unknown,
): readonly z.core.$ZodIssue[] | null {
  const union = unionAt(schema, path, root);
  const option = union && pickOption(union, valueAt(root, path));
  if (!union || !option) return null;
  const index = union.options.findIndex((each) => unwrap(each) === option);
  return issue.errors[index] ?? null;
}

function unionAt(schema: z.ZodType, path: Path, root: unknown): z.ZodUnion | null {
  const parent = schemaAt(schema, path.slice(0, -1), root);
  const step = path.at(-1);
  if (!(parent instanceof z.ZodObject) || typeof step !== 'string') return null;
  const child = parent.shape[step];
  const inner = child ? unwrap(child) : null;
  return inner instanceof z.ZodUnion ? inner : null;
}

function knownKeys(schema: z.core.$ZodType | null): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, child]) => (isLost(child) ? [] : [key]));
}

/** A key of RKE1 without a place in RKE2, or a map of nothing but such: nobody is to write it anew. */
function isLost(schema: z.core.$ZodType): boolean {
  const fate = entryOf(schema)?.fate;
  const inner = unwrap(schema);
  if (fate === 'group' && inner instanceof z.ZodObject) return Object.values(inner.shape).every(isLost);
  return fate === 'warned' || fate === 'refused';
}
