import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { describeType } from './describe-type.ts';
import type { Target } from './keys/key.ts';
import type { KeyRow } from './keys/key-table.ts';

/** One key of cluster.yml in words, as the reference page, `explain` and editors show it. */
export interface KeyDescription {
  /** `nodes[].port`. */
  readonly path: string;
  readonly description: string;
  /** What its value must be: `whole number`; null for keys without a place in RKE2. */
  readonly type: string | null;
  /** What holds without it: a value in backticks, or words; null when nothing does. */
  readonly default: string | null;
  readonly examples: readonly unknown[];
  /** What becomes of its value, each with its verb: `becomes … in RKE2’s config.yaml`, `decides how SSH is done`. */
  readonly effects: readonly string[];
  readonly origin: 'rke1' | 'rke2ctl';
  readonly fate: 'mapped' | 'group' | 'warned' | 'refused';
  /** A password or key: it may also be read from elsewhere. */
  readonly secret: boolean;
  /** Of keys without a place in RKE2: the reason, and what to do instead. */
  readonly lost: { readonly why: string; readonly instead: string } | null;
}

/** The row of the table in words. */
export function describeKey({ path, description, examples, entry, schema }: KeyRow): KeyDescription {
  const isLost = entry.fate === 'warned' || entry.fate === 'refused';
  return {
    path,
    description,
    type: isLost ? null : describeType(schema),
    default: entry.fate === 'mapped' ? (entry.default ?? null) : null,
    examples,
    effects: entry.fate === 'mapped' ? entry.becomes.map(describeTarget) : [],
    origin: entry.origin,
    fate: entry.fate,
    secret: entry.fate === 'mapped' && entry.secret === true,
    lost: isLost ? { why: entry.why, instead: entry.instead } : null,
  };
}

/** The default of a key as a value; undefined when there is none or it is told in words. */
export function readDefault({ entry, schema }: KeyRow): unknown {
  const code = entry.fate === 'mapped' ? /^`([^`]*)`$/.exec(entry.default ?? '')?.[1] : undefined;
  if (code === undefined) return undefined;
  // As YAML, `0600` would be a number; which of both was meant, the key knows.
  return [parse(code) as unknown, code].find((value) => z.safeParse(schema, value).success);
}

/** What a secret may be beside the text itself. */
export const SECRET_WORDS =
  'A secret: it may also be `env:NAME`, `file:PATH` or `command:LINE`, and is never shown.';

/** Whether RKE1 knew the key. */
export function describeOrigin(origin: KeyDescription['origin']): string {
  return origin === 'rke1' ? 'as in RKE1' : 'new with rke2ctl';
}

function describeTarget(target: Target): string {
  switch (target.kind) {
    case 'config':
      return `becomes \`${target.key}\` in RKE2’s config.yaml`;
    case 'file':
      return `becomes the file \`${target.path}\` on the nodes`;
    case 'chart':
      return `becomes \`${target.value}\` of the chart ${target.chart}`;
    case 'ours':
      return `decides ${target.words}`;
  }
}

/** A value below its key as it may be written: the last part of the path, or with `whole` all keys from the top. */
export function writeExample(path: string, value: unknown, form: 'last' | 'whole'): string {
  const steps = path.split('.');
  const nested = (form === 'last' ? steps.slice(-1) : steps).reduceRight<unknown>((inner, step) => {
    const name = step.replaceAll('[]', '');
    const lists = step.split('[]').length - 1;
    // The value of `nodes[]` itself is an entry of the list; the examples of `nodes` are whole lists.
    const wrapped = Array.from({ length: lists }).reduce<unknown>((each) => [each], inner);
    return { [name === '*' ? 'NAME' : name]: wrapped };
  }, value);
  return stringify(nested, { lineWidth: 0, collectionStyle: 'any', indentSeq: true }).trimEnd();
}
