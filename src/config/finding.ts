/** Where a value lies in the file: keys and list indexes from the top. */
export type Path = readonly (string | number)[];

/** What is wrong with one value, before it is known where the value lies. */
export interface Mistake {
  /** Stable kebab-case name; `invalid-value` when absent. */
  readonly code?: string;
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** A mistake and the place it is about; lines and columns come later, from the file's text. */
export interface Finding {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
  readonly path: Path;
  /** Whether the key itself is at fault or what stands behind it. */
  readonly at: 'key' | 'value';
  /** Inside a value that is a text of several lines: the line and column in it, both from 1. */
  readonly within?: { readonly line: number; readonly column: number };
}

/** An error about the value at `path`, or about its key. */
export function findingAt(path: Path, mistake: Mistake, at: 'key' | 'value' = 'value'): Finding {
  return {
    code: mistake.code ?? 'invalid-value',
    severity: mistake.severity ?? 'error',
    message: mistake.message,
    hint: mistake.hint,
    path,
    at,
  };
}

/** `nodes[0].role[1]`; keys that are no plain words are quoted: `rke2.server["a.b"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

const LONGEST_SHOWN = 60;

/** A value as it is shown inside a sentence: short, on one line, text in quotes. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map of keys';
  const text = typeof value === 'string' ? JSON.stringify(hidePassword(value)) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** The password of `user:password@host`, with or without a scheme, is never shown. */
function hidePassword(text: string): string {
  return text.replaceAll(/:[^\s:/@]*@/g, ':…@');
}

/** `a`, `b` or `c`, each in backticks. */
export function listNames(names: readonly string[], conjunction: 'and' | 'or' = 'or'): string {
  const quoted = names.map((name) => `\`${name}\``);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${conjunction} ${last}`;
}
