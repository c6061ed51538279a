import { describe, expect, it } from 'vitest';
import { DEFAULTS_TABLE, renderDefaultsTable } from '../../src/config/defaults.ts';
import { makeJsonSchema } from '../../src/config/json-schema.ts';

/** Every key of the JSON Schema as the table writes it: `ssh.client`, `nodes[].port`. */
function listKeys(schema: object, base = ''): string[] {
  const {
    anyOf = [],
    items,
    properties = {},
  } = schema as {
    anyOf?: object[];
    items?: object;
    properties?: Record<string, object>;
  };
  const own = Object.entries(properties).flatMap(([key, inner]) => {
    const path = base === '' ? key : `${base}.${key}`;
    return [path, ...listKeys(inner, path)];
  });
  return [
    ...own,
    ...anyOf.flatMap((each) => listKeys(each, base)),
    ...(items ? listKeys(items, `${base}[]`) : []),
  ];
}

describe('the table of defaults', () => {
  it('speaks of keys that there are', () => {
    const known = new Set(listKeys(makeJsonSchema()));
    const named = DEFAULTS_TABLE.flatMap(({ key }) => {
      const [first = '', ...rest] = key.split(', ');
      return [first, ...rest.map((each) => first.replace(/\.[^.]*$/, each))];
    });
    expect(named.filter((key) => !known.has(key))).toEqual([]);
  });

  it('is a Markdown table with one row per key', () => {
    const lines = renderDefaultsTable().trimEnd().split('\n');
    expect(lines).toHaveLength(DEFAULTS_TABLE.length + 2);
    expect(lines).toContain('| `ssh.connect_timeout` | `10s` |');
    expect(lines).toContain('| `kubeconfig.mode` | `0600` |');
    expect(lines.every((line) => line.split('|').length === 4)).toBe(true);
  });
});
