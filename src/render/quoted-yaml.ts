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
  const text = stringify(value as Document | object, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: options.plainKeys === true ? 'PLAIN' : 'QUOTE_DOUBLE',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    customTags: (tags) => [EXPONENT, ...tags],
  });
  return text.replaceAll(UNSAFE, escapeCharacter);
}

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
