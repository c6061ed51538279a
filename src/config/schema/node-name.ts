import { type Mistake, showValue } from '../finding.ts';
import { isDnsSubdomain } from './labels.ts';
import { checked, text } from './scalars.ts';

const NUMBER = /\{(n{1,6})(?:=(\d{1,6}))?\}/;

/** `hostname_override`: a name, or with `{n}` in it the names of an entry that stands for several nodes. */
export const NodeNameSchema = checked(text('must be a name'), checkNodeName);

/** Whether the name has a place for a number. */
export function isNamePattern(name: string): boolean {
  return NUMBER.test(name);
}

/** The name at `index` (from 0): `{n}` counts from 1, `{nnn}` with three digits at least, `{n=21}` from 21. */
export function numberName(pattern: string, index: number): string {
  return pattern.replace(NUMBER, (_all, width: string, first: string | undefined) =>
    String(Number(first ?? 1) + index).padStart(width.length, '0'),
  );
}

function checkNodeName(name: string): Mistake | null {
  if (isDnsSubdomain(numberName(name, 0).toLowerCase())) return null;
  return {
    message: `${showValue(name)} cannot be a node's name in Kubernetes.`,
    hint: /[{}%]/.test(name)
      ? 'Write `{n}` where the number belongs: `worker-{n}`, `worker-{nn}` for two digits, `worker-{n=21}` to begin at 21.'
      : 'Letters, digits, dashes and dots; each part between dots begins and ends with a letter or a digit.',
  };
}
