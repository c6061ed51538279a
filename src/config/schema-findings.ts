import * as z from 'zod';
import { pickOption, schemaAt, unwrap } from './draft.ts';
import { type Finding, findingAt, formatPath, type Mistake, type Path, showValue } from './finding.ts';
import { findNearestName } from './nearest-name.ts';
import { explainUnknownKey } from './unknown-keys.ts';

/**
 * Turns what zod says of `value` into findings: each with key, value, what it must be, and an example to write. A key
 * that is missing because it is misspelled is one mistake, not two.
 */
export function describeIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
): Finding[] {
  const findings = issues.flatMap((issue) => describeIssue(schema, issue, value, []));
  const misspelled = new Set(
    findings.flatMap(({ code, hint, path }) => {
      const meant = code === 'unknown-key' ? /^Did you mean `(.+)`/.exec(hint)?.[1] : undefined;
      return meant === undefined ? [] : [formatPath([...path.slice(0, -1), meant])];
    }),
  );
  return findings.filter(({ code, path }) => code !== 'missing-key' || !misspelled.has(formatPath(path)));
}

function describeIssue(schema: z.ZodType, issue: z.core.$ZodIssue, root: unknown, base: Path): Finding[] {
  const path = [...base, ...issue.path] as Path;
  const value = valueAt(root, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schemaAt(schema, path, root));
    return issue.keys.map((key) => findingAt([...path, key], explainUnknownKey(key, path, known), 'key'));
  }
  if (issue.code === 'invalid_union') {
    const inner = insideOf(schema, issue, path, root);
    if (inner) return inner.flatMap((each) => describeIssue(schema, each, root, path));
  }
  if (issue.code === 'custom') {
    const { code, hint } = issue.params ?? {};
    return [findingAt(path, { code: String(code), message: issue.message, hint: String(hint) })];
  }
  return [findingAt(path, explainValue(schema, issue, path, value, root))];
}

/** The mistakes inside the option of a union that the value evidently is. */
function insideOf(
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

function explainValue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  path: Path,
  value: unknown,
  root: unknown,
): Mistake {
  const name = nameOf(path);
  const example = exampleOf(schema, path, root);
  const say = example ? `For example ${example}.` : '';
  if (value === undefined) {
    const of = typeof path.at(-2) === 'number' ? ` in this entry of \`${String(path.at(-3))}\`` : '';
    return {
      code: 'missing-key',
      message: `\`${name}\` is missing${of}; it ${issue.message}.`,
      hint: say || `Add \`${name}\`.`,
    };
  }
  const message = `${subject(path)} is ${showValue(value)}; it ${issue.message}.`;
  const verb = /^(is|needs)\b/.test(issue.message)
    ? `${subject(path)} ${showValue(value)} ${issue.message}.`
    : message;
  return {
    message: verb,
    hint: suggest(issue, name, value) ?? (say || 'Correct the value, or leave the key out.'),
  };
}

/** A hint made from the wrong value itself. */
function suggest(issue: z.core.$ZodIssue, name: string, value: unknown): string | null {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const names = issue.values.filter((each) => typeof each === 'string');
    const nearest = findNearestName(value, names);
    return nearest ? `Did you mean \`${nearest}\`?` : null;
  }
  if (issue.code !== 'invalid_type') return null;
  if (issue.expected === 'boolean' && typeof value === 'string') {
    const flag = /^(yes|on|true|y)$/i.test(value)
      ? 'true'
      : /^(no|off|false|n)$/i.test(value)
        ? 'false'
        : null;
    return flag ? `Write \`${name}: ${flag}\`: in YAML 1.2 ${JSON.stringify(value)} is text.` : null;
  }
  if (
    issue.expected === 'string' &&
    !/quotes/.test(issue.message) &&
    (typeof value === 'number' || typeof value === 'boolean')
  ) {
    return `Put it in quotes: \`${name}: "${value}"\`.`;
  }
  if (issue.expected === 'array' && typeof value === 'string')
    return `Write it as a list: \`${name}: [${value}]\`.`;
  return null;
}

function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'The file';
  return typeof last === 'number' ? `Entry ${last + 1} of \`${nameOf(path)}\`` : `\`${last}\``;
}

/** The nearest key, for places inside lists. */
function nameOf(path: Path): string {
  return String(path.findLast((step) => typeof step === 'string') ?? 'cluster.yml');
}

function exampleOf(schema: z.ZodType, path: Path, root: unknown): string | null {
  const last = path.at(-1);
  const value = valueAt(root, path);
  const found = schemaAt(schema, path, root) ?? null;
  const meta = found && z.globalRegistry.get(found);
  const examples: unknown = meta?.['examples'];
  const example: unknown = Array.isArray(examples)
    ? (examples.find((each) => Array.isArray(each) && each.includes(value)) ?? examples[0])
    : undefined;
  if (example === undefined) return null;
  const text = showExample(example);
  return typeof last === 'string' ? `\`${last}: ${text}\`` : `\`${text}\``;
}

function showExample(example: unknown): string {
  if (Array.isArray(example)) return `[${example.map(showExample).join(', ')}]`;
  if (typeof example === 'object' && example !== null) {
    return `{${Object.entries(example)
      .map(([key, value]) => `${key}: ${showExample(value)}`)
      .join(', ')}}`;
  }
  return typeof example === 'string' && /^[\d\s]*$/.test(example) ? `"${example}"` : String(example);
}

function knownKeys(schema: z.core.$ZodType | null): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    root,
  );
}
