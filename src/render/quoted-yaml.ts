import { type Document, stringify } from 'yaml';

export interface QuotedYamlOptions {
  /** Keys are written without quotes: for keys of our own choosing, which no reader could take for anything else. */
  readonly plainKeys?: boolean;
}

/**
 * A value (or a document of the `yaml` package) as YAML that readers of YAML 1.1 and 1.2 read alike: strings in double quotes, so that `0644`, `on` and
 * dates stay text; numbers in digits or with a point before the exponent; nothing unprintable.
 */
export function quotedYaml(value: unknown, options: QuotedYamlOptions = {}): string {
  const flat = options.plainKeys === true ? flatYaml(value) : null;
  if (flat !== null) return flat;
  const text = stringify(value as Document | object, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: options.plainKeys === true ? 'PLAIN' : 'QUOTE_DOUBLE',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    customTags: (tags) => [EXPONENT, ...tags],
  });
  return text.replaceAll(UNSAFE, escapeCharacter);
}

/**
 * The same text as the `yaml` package makes, some ten times as fast, for what nearly every config.yaml is: a map of texts,
 * flags and lists of them, without a character that quotes would have to escape. null for anything else.
 */
function flatYaml(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return null;
  const lines: string[] = [];
  for (const [key, each] of Object.entries(value)) {
    const isList = Array.isArray(each);
    const scalars = (isList ? each : [each]).map(flatScalar);
    if (!FLAT_KEY.test(key) || !scalars.every((scalar) => scalar !== null)) return null;
    if (!isList) lines.push(`${key}: ${scalars[0]}`);
    else if (scalars.length === 0) lines.push(`${key}: []`);
    else lines.push(`${key}:`, ...scalars.map((scalar) => `  - ${scalar}`));
  }
  return lines.length === 0 ? null : `${lines.join('\n')}\n`;
}

function flatScalar(value: unknown): string | null {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' && FLAT_TEXT.test(value) ? `"${value}"` : null;
}

/** Words that are text wherever they stand. */
const FLAT_KEY = /^(?!(?:true|false|null)$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** ASCII that can be seen, without `"` and `\`. */
const FLAT_TEXT = /^[ !#-[\]-~]*$/;

/** YAML 1.1 takes `1e+21` for text; `1.0e+21` is a number to both. */
const EXPONENT = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^(?!)/,
  identify: (value: unknown) => typeof value === 'number' && String(value).includes('e'),
  resolve: (text: string) => Number(text),
  stringify: ({ value }: { value?: unknown }) => {
    const [mantissa = '', exponent = ''] = String(value).split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${exponent}`;
  },
};

/** Line breaks to readers of YAML 1.1 only, and what no YAML may hold as it is. They only ever stand in quotes. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
