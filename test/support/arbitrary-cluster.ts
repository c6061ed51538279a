import fc from 'fast-check';
import * as z from 'zod';
import type { ConfigEnvironment } from '../../src/config/environment.ts';
import { ClusterSchema } from '../../src/config/keys/cluster.ts';
import { entryOf } from '../../src/config/keys/key.ts';
import { NodeSchema } from '../../src/config/keys/node.ts';
import { type ParsedCluster, parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from './config-environment.ts';

/** Text that one or the other reader of YAML takes for something else, or that does not fit into one line. */
const ODD_TEXTS = [
  'yes',
  'no',
  'on',
  'off',
  'y',
  'N',
  'null',
  '~',
  'true',
  'False',
  '0',
  '-0',
  '007',
  '0644',
  '0o17',
  '0x1F',
  '0b1',
  '1_000',
  '1e3',
  '1E400',
  '.5',
  '5.',
  '.inf',
  '-.INF',
  '.nan',
  '190:20:30',
  '2001-12-14',
  '2001-12-14t21:59:43.10-05:00',
  '=',
  '<<',
  '-',
  '9007199254740993',
  '123456789012345678901234567890',
  'a: b',
  'a #b',
  '# a',
  "it's",
  '"quoted"',
  '\\',
  'a\nb',
  'a\n',
  '\ta',
  ' a ',
  '{a: 1}',
  '[a]',
  '*a',
  '&a',
  '!a',
  '|',
  '>-',
  '%a',
  '@a',
  '`a`',
  'ä€😀',
  '\u0085',
  '\u2028',
  '\u00a0',
  '\ufeff',
  'a\u0007b',
  '---',
  '...',
];

/** Any text, the odd ones above all. No zero bytes, which no file of YAML holds, and no lone halves of characters. */
const text = fc.oneof(
  { arbitrary: fc.constantFrom(...ODD_TEXTS), weight: 2 },
  fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((each) => !each.includes('\0') && !each.includes('${')),
);

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
  fc.constantFrom(1e21, 1.5e-7, 2 ** 53, 0.1),
);

/** Any value of JSON, with numbers and names that readers of YAML disagree about. */
const json = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, fc.boolean(), number, text, tie('list'), tie('map')),
  list: fc.array(tie('any'), { maxLength: 3 }),
  map: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    tie('any'),
    { maxKeys: 3 },
  ),
}));

const made = new Map<z.core.$ZodType, fc.Arbitrary<unknown>>();

/** Values for a schema: its examples and variations of them that it takes by itself; rules between keys are another matter. */
function arbitraryOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const known = made.get(schema);
  if (known) return known;
  const examples: unknown = z.globalRegistry.get(schema)?.['examples'];
  const fitting = (Array.isArray(examples) ? examples : []).filter(
    (each) => z.safeParse(schema, each).success,
  );
  const [example] = fitting;
  const varied = vary(schema)?.map((each) => (z.safeParse(schema, each).success ? each : example));
  const choices = [...(fitting.length > 0 ? [fc.constantFrom(...fitting)] : []), ...(varied ? [varied] : [])];
  const arbitrary = choices.length > 0 ? fc.oneof(...choices) : fc.constant(undefined);
  made.set(schema, arbitrary);
  return arbitrary;
}

function vary(schema: z.core.$ZodType): fc.Arbitrary<unknown> | null {
  if (schema instanceof z.ZodOptional) return arbitraryOf(schema.unwrap());
  if (schema instanceof z.ZodObject) return arbitraryMap(schema, 4);
  if (schema instanceof z.ZodArray)
    return fc.array(arbitraryOf(schema.element), { minLength: 1, maxLength: 3 });
  if (schema instanceof z.ZodRecord)
    return fc.dictionary(name, arbitraryOf(schema.valueType), { maxKeys: 3 });
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map(arbitraryOf));
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber) return fc.constantFrom(0, 1, 2, 10, 53, 1500, 8080, 0.5);
  if (schema instanceof z.ZodString) return takesAnything(schema) ? text : null;
  if (schema instanceof z.ZodUnknown || schema instanceof z.ZodLazy) return json.map;
  return null;
}

/** Words of a form (addresses, names, paths) come from examples only: what is drawn at random is next to never one. */
function takesAnything(schema: z.core.$ZodType): boolean {
  return ODD_TEXTS.filter((each) => z.safeParse(schema, each).success).length > ODD_TEXTS.length / 3;
}

const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/),
  fc.constantFrom('example.com/rack', 'yes', '1e3'),
);

/** Every required key, each other one with a chance of one in `rarity`; keys of RKE1 without meaning never. */
function arbitraryMap(schema: z.ZodObject, rarity: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries<z.core.$ZodType>(schema.shape)
    .filter(([, child]) => !['warned', 'refused'].includes(entryOf(child)?.fate ?? ''))
    .map(([key, child]) => {
      const value = arbitraryOf(child);
      const isOptional = child instanceof z.ZodOptional;
      return [
        key,
        isOptional ? fc.option(value, { nil: undefined, freq: rarity - 1 }).map((each) => each) : value,
      ] as const;
    });
  return fc
    .record(Object.fromEntries(entries))
    .map((map) => Object.fromEntries(Object.entries(map).filter(([, each]) => each !== undefined)));
}

const ROLES = [['controlplane', 'etcd', 'worker'], ['worker'], ['controlplane'], ['etcd', 'worker']] as const;

const nodes = fc
  .array(arbitraryMap(NodeSchema as z.ZodObject, 6), { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.map(({ address_range: _range, hostname_override: _name, ...node }, index) => ({
      ...node,
      address: `10.0.0.${index + 11}`,
      role: ROLES[index],
    })),
  );

/** Maps as cluster.yml has them, in which every value is good by itself. */
const draft = fc
  .tuple(arbitraryMap(ClusterSchema as unknown as z.ZodObject, 4), nodes)
  .map(([map, list]) => fitRoles({ ...map, nodes: list }));

/** The nodes with roles that go with where the cluster's data lies. */
function fitRoles(map: Record<string, unknown>): Record<string, unknown> {
  const list = map['nodes'] as Record<string, unknown>[];
  const isElsewhere = isOutside(map);
  return {
    ...map,
    nodes: list.map((node, index) => ({
      ...node,
      role: isElsewhere ? withoutEtcd(ROLES[index]) : ROLES[index],
    })),
  };
}

/** Whether the cluster's data lies in an etcd or a database of somebody else's, so that no node may have the role. */
function isOutside({ datastore, services }: Record<string, unknown>): boolean {
  return datastore !== undefined || JSON.stringify(services ?? {}).includes('external_urls');
}

function withoutEtcd(roles: readonly string[] | undefined): readonly string[] {
  return roles?.includes('controlplane') ? ['controlplane', 'worker'] : ['worker'];
}

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** A person with a file behind every path. */
export const generousEnvironment: ConfigEnvironment = configEnvironment({
  readFile: (path) =>
    Buffer.from(/\.ya?ml$/.test(path) ? 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n' : PEM),
  runCommand: () => 'secret',
});

export interface GeneratedCluster {
  /** What the file says, as JSON (which is YAML). */
  readonly text: string;
  readonly parsed: ParsedCluster;
}

/** Valid clusters: keys that contradict each other are taken away until nothing is wrong. */
export const validClusters: fc.Arbitrary<GeneratedCluster> = draft.map((map) => {
  let written = map;
  for (let round = 0; round < 60; round++) {
    const json = JSON.stringify(written);
    const parsed = parseCluster(json, 'cluster.yml', generousEnvironment);
    if (parsed.cluster) return { text: json, parsed };
    const wrong = parsed.findings.filter(({ severity }) => severity === 'error');
    const paths = wrong.map(({ path = '' }) => path.match(/[\w-]+/g) ?? []);
    const [first = [], ...others] = paths;
    // Of several mistakes in one place the second may be gone with the first.
    const far = others.filter(
      ([top, second]) => top !== 'nodes' && (top !== first[0] || second !== first[1]),
    );
    written = fitRoles(
      [first, ...far.slice(0, 3)].reduce((each, path) => withoutKey(each, path, round), written),
    );
  }
  throw new Error(`No part of it is valid: ${JSON.stringify(map)}`);
});

/** First the very key goes, then ever more around it; address and role of a node stay. */
function withoutKey(
  map: Record<string, unknown>,
  path: readonly string[],
  round: number,
): Record<string, unknown> {
  const copy = structuredClone(map);
  const steps = path.slice(0, round < 20 ? 5 : round < 35 ? 3 : 1);
  const last = steps.pop() ?? '';
  const holder = steps.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    copy,
  );
  const isMap = typeof holder === 'object' && holder !== null && !Array.isArray(holder);
  if (isMap && Object.hasOwn(holder, last) && !['address', 'role', 'nodes'].includes(last)) {
    Reflect.deleteProperty(holder, last);
    return copy;
  }
  const [top = 'nodes'] = path;
  if (top !== 'nodes' && Object.hasOwn(copy, top)) {
    delete copy[top];
    return copy;
  }
  // Something else is at odds with the nodes: what they may not have been asked for is dropped, one key a round.
  const bare = (map['nodes'] as Record<string, unknown>[]).map(({ address, role }) => ({ address, role }));
  if (JSON.stringify(bare) !== JSON.stringify(map['nodes'])) return { ...map, nodes: bare };
  const others = Object.keys(map).filter((key) => key !== 'nodes');
  delete copy[others[round % Math.max(others.length, 1)] ?? ''];
  return copy;
}
