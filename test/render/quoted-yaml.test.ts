import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quotedYaml } from '../../src/render/quoted-yaml.ts';

const PLAIN = { plainKeys: true };

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '0644',
    'on',
    '~',
    'null',
    '',
    ' ',
    ' a: b #c',
    '---',
    'a\\b',
    'a"b',
    "it's",
    '\u007f',
    'a\nb',
  ),
);
const scalar = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.boolean(),
  fc.constantFrom<unknown>(7, 1e21, null, {}),
);
const key = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/) },
  fc.constantFrom(
    'true',
    'null',
    'yes',
    'n',
    'cni',
    'node-ip',
    'kube-apiserver-arg',
    '1',
    '-',
    'a b',
    '',
    'a--b',
  ),
);
const maps = fc.dictionary(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })), {
  maxKeys: 6,
  noNullPrototype: true,
});

/** What is no plain map is left to the package. */
function byPackage(map: object): object {
  return Object.assign(Object.create({}), map);
}

describe('a map of quoted YAML', () => {
  it('is the same to the byte, whether it is flat and written here or by the package', () => {
    fc.assert(
      fc.property(maps, (map) => {
        expect(quotedYaml(map, PLAIN)).toBe(quotedYaml(byPackage(map), PLAIN));
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  it('is written as people write it', () => {
    const map = { server: 'https://10.0.0.1:9345', 'node-ip': ['10.0.0.2'], 'disable-etcd': true, cni: [] };
    expect(quotedYaml(map, PLAIN)).toBe(
      'server: "https://10.0.0.1:9345"\nnode-ip:\n  - "10.0.0.2"\ndisable-etcd: true\ncni: []\n',
    );
  });
});
