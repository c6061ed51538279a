import * as z from 'zod';
import { schemaAt } from './draft.ts';
import { type Mistake, type Path, showValue } from './finding.ts';
import { growKeyTree, type KeyTree, stepInto } from './keys/key-tree.ts';
import { findNearestName } from './nearest-name.ts';

/** How every hint begins that tells to make text of a number or a switch. */
export const QUOTE_IT = 'Put it in quotes';

let secrets: KeyTree | null = null;

/** Whether the value at `path` is never shown, however wrong it is: its row, or one above it, says `secret`. */
export function isSecretPath(path: Path): boolean {
  secrets ??= growKeyTree(({ entry }) => entry.fate === 'mapped' && entry.secret === true);
  let place: KeyTree | undefined = secrets;
  for (const step of path) {
    place = stepInto(place, step);
    if (!place || place.row) break;
  }
  return place?.row !== null && place !== undefined;
}

function describeKind(value: unknown): string {
  return typeof value === 'object' ? showValue(value) : `a ${typeof value}`;
}

/** What is wrong with the value at `path`, from the schema's `must be …` and its examples. */
export function explainValue(schema: z.ZodType, issue: z.core.$ZodIssue, path: Path, root: unknown): Mistake {
  const value = valueAt(root, path);
  const wanted = schemaAt(schema, path, root);
  const example = wanted && chooseExample(wanted, path, value);
  const name = nameOf(path);
  if (value === undefined) {
    const where = typeof path.at(-2) === 'number' ? ` in this entry of \`${String(path.at(-3))}\`` : '';
    const message = `\`${name}\` is missing${where}; it ${issue.message}.`;
    return { code: 'missing-key', message, hint: example ?? `Add \`${name}\`.` };
  }
  const isVerb = /^(is|needs)\b/.test(issue.message);
  const shown = isSecretPath(path) ? describeKind(value) : showValue(value);
  const message = `${subjectOf(path)} ${isVerb ? '' : 'is '}${shown}${isVerb ? '' : '; it'} ${issue.message}.`;
  return { message, hint: suggest(wanted, issue, path, value) ?? example ?? lastResort(path) };
}

/** What stands at `path`; undefined when nothing does. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    root,
  );
}

/** A hint made from the wrong value itself. */
function suggest(
  wanted: z.core.$ZodType | null,
  issue: z.core.$ZodIssue,
  path: Path,
  value: unknown,
): string | null {
  const isSecret = isSecretPath(path);
  if (typeof value === 'string' && !isSecret) {
    const nearest = findNearestName(value, allowedNames(issue));
    if (nearest) return `Did you mean \`${nearest}\`?`;
  }
  if (issue.code !== 'invalid_type') return null;
  if (issue.expected === 'boolean' && typeof value === 'string') {
    const flag = readFlag(value);
    return flag && `Write ${write(path, flag)}: in YAML 1.2 ${JSON.stringify(value)} is text.`;
  }
  if (issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    const isEnough = wanted !== null && z.safeParse(wanted, String(value)).success;
    if (!isEnough || /quotes/.test(issue.message)) return null;
    // Of `1.10` and `010` the number tells no longer how it was written.
    return isSecret || typeof value === 'number'
      ? `${QUOTE_IT}, as it stands there.`
      : `${QUOTE_IT}: ${write(path, `"${value}"`)}.`;
  }
  if (issue.expected === 'array' && typeof value === 'string' && !isSecret) {
    const isMended = wanted === null || z.safeParse(wanted, value.split(/\s*,\s*/)).success;
    return isMended ? `Write it as a list: ${write(path, `[${value}]`)}.` : null;
  }
  return null;
}

function readFlag(text: string): string | null {
  if (/^(yes|on|true|y)$/i.test(text)) return 'true';
  return /^(no|off|false|n)$/i.test(text) ? 'false' : null;
}

/** The words among which the value had to be one. */
function allowedNames(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_union') {
    return issue.errors.flat().flatMap((each) => (each.path.length === 0 ? allowedNames(each) : []));
  }
  return issue.code === 'invalid_value' ? issue.values.filter((each) => typeof each === 'string') : [];
}

function lastResort(path: Path): string {
  if (typeof path.at(-1) === 'number') return 'Correct the entry, or remove it.';
  return 'Correct the value, or leave the key out.';
}

function subjectOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'The file';
  return typeof last === 'number' ? `Entry ${last + 1} of \`${nameOf(path)}\`` : `\`${last}\``;
}

/** The nearest key, for places inside lists. */
function nameOf(path: Path): string {
  return String(path.findLast((step) => typeof step === 'string') ?? 'cluster.yml');
}

/** `key: value` as it would stand in the file; only the value inside a list. */
function write(path: Path, text: string): string {
  return typeof path.at(-1) === 'number' ? `\`${text}\`` : `\`${nameOf(path)}: ${text}\``;
}

/** The example that is most like the wrong value: a list for a list, or one that holds it. */
function chooseExample(wanted: z.core.$ZodType, path: Path, value: unknown): string | null {
  const examples: unknown = z.globalRegistry.get(wanted)?.['examples'];
  if (!Array.isArray(examples) || examples.length === 0) return null;
  const isLike = (each: unknown) => Array.isArray(each) && (Array.isArray(value) || each.includes(value));
  return `For example ${write(path, showExample(examples.find(isLike) ?? examples[0]))}.`;
}

function showExample(example: unknown): string {
  if (Array.isArray(example)) return `[${example.map(showExample).join(', ')}]`;
  if (typeof example === 'object' && example !== null) {
    const entries = Object.entries(example).map(([key, value]) => `${key}: ${showExample(value)}`);
    return `{${entries.join(', ')}}`;
  }
  return typeof example === 'string' && /^[\d\s]*$/.test(example) ? `"${example}"` : String(example);
}
