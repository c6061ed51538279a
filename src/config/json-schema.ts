import * as z from 'zod';
import { CLUSTER_WIDE_KEYS } from '../rke2/cluster-wide-keys.ts';
import { CONFIG_KEYS, type ConfigKey } from '../rke2/config-keys.ts';
import { describeKey, readDefault, SECRET_WORDS } from './describe-key.ts';
import { ClusterSchema } from './keys/cluster.ts';
import { type KeyRow, keyTable } from './keys/key-table.ts';
import { ownedKeys, RESERVED_KEYS } from './owned-keys.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of cluster.yml, for completion and checks in editors. It knows single keys, not the rules between them. */
export function makeJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(ClusterSchema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => completeKey(zodSchema, jsonSchema),
  });
  describeRke2Keys(schema);
  describeNodes(schema);
  return { ...($schema !== undefined && { $schema }), title: 'cluster.yml of rke2ctl', ...schema };
}

/** The file's text as it is kept in the repository. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(makeJsonSchema(), null, 1)}\n`;
}

/** What editors show and complete beyond what zod itself knows of a key. */
function completeKey(zodSchema: z.core.$ZodType, schema: JsonSchema): void {
  if (zodSchema instanceof z.ZodCustom) schema.type = 'object';
  const row = rowsBySchema().get(zodSchema instanceof z.ZodOptional ? zodSchema.unwrap() : zodSchema);
  if (row !== undefined) describeInEditor(row, schema);
  if (schema.anyOf) schema.anyOf = schema.anyOf.map((option) => ({ title: titleOf(option), ...option }));
  // A key with nothing behind it counts as not written, so null is fine wherever a key may be left out.
  if (zodSchema instanceof z.ZodOptional) allowNull(schema);
}

let bySchema: ReadonlyMap<z.core.$ZodType, KeyRow> | null = null;

/** Rows by the schema of their value, which `mapped` and its like make anew for every key. */
function rowsBySchema(): ReadonlyMap<z.core.$ZodType, KeyRow> {
  bySchema ??= new Map(keyTable().map((row) => [row.schema, row]));
  return bySchema;
}

function describeInEditor(row: KeyRow, schema: JsonSchema): void {
  const key = describeKey(row);
  if (key.lost !== null) {
    const fate = key.fate === 'warned' ? 'Since RKE1, no meaning' : 'Of RKE1, cannot be honoured';
    const words = `${fate}: ${key.lost.why} ${key.lost.instead}`;
    // The keys below a lost one are lost with it.
    delete schema.anyOf;
    Object.assign(schema, {
      deprecated: true,
      doNotSuggest: true,
      markdownDescription: `${key.description} ${words}`,
    });
    if (row.entry.fate === 'warned') schema['deprecationMessage'] = words;
    if (row.entry.fate !== 'refused') return;
    // Values that ask for nothing are passed over; of anything else editors say these words.
    schema.enum = [null, '', false, 0, '0', [], {}, ...(row.entry.harmless ?? [])] as string[];
    schema['errorMessage'] = words;
    return;
  }
  const value = readDefault(row);
  if (value !== undefined) schema.default = value as JsonSchema['default'];
  schema['markdownDescription'] = [
    key.description,
    ...(key.default === null ? [] : [`Default: ${key.default}.`]),
    ...(key.effects.length === 0 ? [] : [`It ${key.effects.join(', ')}.`]),
    ...(key.secret ? [SECRET_WORDS] : []),
  ].join('\n\n');
  allowVariables(schema);
}

/** By their titles editors tell the options of a choice apart; without any, they show nothing of the key itself. */
function titleOf({ type }: JsonSchema): string {
  const words: Readonly<Record<string, string>> = {
    object: 'map',
    array: 'list',
    string: 'text',
    integer: 'number',
  };
  return words[String(type)] ?? String(type ?? 'value');
}

/** `${NAME}` may stand for a number or a flag; where text may stand anyway there is nothing to add. */
function allowVariables(schema: JsonSchema): void {
  const must = { boolean: '`true` or `false`', integer: 'a whole number', number: 'a number' };
  if (schema.type !== 'boolean' && schema.type !== 'integer' && schema.type !== 'number') return;
  schema['patternErrorMessage'] = `must be ${must[schema.type]}, without quotes`;
  schema.pattern = '^\\$\\{[^}]+\\}$';
  schema.type = [schema.type, 'string'] as unknown as 'string';
}

function allowNull(schema: JsonSchema): void {
  if (schema.enum) schema.enum = [...new Set([...schema.enum, null])];
  if (schema.anyOf) schema.anyOf = [...schema.anyOf, { title: 'nothing', type: 'null' }];
  else if (schema.type !== undefined)
    schema.type = [...new Set([schema.type, 'null'].flat())] as unknown as 'null';
}

function describeRke2Keys(schema: JsonSchema): void {
  const rke2 = propertyOf(schema, 'rke2');
  for (const side of ['server', 'agent'] as const) {
    const values = propertyOf(rke2, side);
    const usable = CONFIG_KEYS.filter(
      (key) => !ownedKeys().has(key.name) && (side === 'server' || key.side === 'both'),
    );
    delete values.propertyNames;
    values.properties = Object.fromEntries(usable.map((key) => [key.name, describeRke2Key(key)]));
    values.additionalProperties = false;
  }
}

/** What zod cannot say of a node: it has an address or a range, and no setting that has to be the same on all servers. */
function describeNodes(schema: JsonSchema): void {
  const node = propertyOf(schema, 'nodes').items as JsonSchema;
  const { properties = {} } = node;
  node.anyOf = [{ required: ['address'] }, { required: ['address_range'] }];
  const values = propertyOf({ properties }, 'rke2');
  const usable = CONFIG_KEYS.filter(({ name, side }) => {
    const owner = RESERVED_KEYS.get(name);
    return (
      (owner === undefined || owner.fate === 'node') && !(side === 'server' && CLUSTER_WIDE_KEYS.has(name))
    );
  });
  delete values.propertyNames;
  values.properties = Object.fromEntries(usable.map((key) => [key.name, describeRke2Key(key)]));
  values.additionalProperties = false;
}

function propertyOf(schema: JsonSchema, key: string): JsonSchema {
  const property = schema.properties?.[key];
  if (typeof property !== 'object') throw new Error(`The schema of cluster.yml has no ${key}`);
  return property;
}

const SCALAR = ['string', 'number', 'boolean'] as unknown as 'string';

function describeRke2Key({ type, values }: ConfigKey): JsonSchema {
  const choice: JsonSchema = values ? { type: 'string', enum: [...values] } : { type: 'string' };
  switch (type) {
    case 'flag':
      return { type: 'boolean' };
    case 'number':
      return { type: 'integer' };
    case 'text':
    case 'duration':
      return choice;
    case 'list':
      return values
        ? { anyOf: [choice, { type: 'array', items: { ...choice } }] }
        : { anyOf: [{ type: SCALAR }, { type: 'array', items: { type: SCALAR } }] };
  }
}
