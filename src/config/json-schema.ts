import * as z from 'zod';
import { CONFIG_KEYS, type ConfigKey } from '../rke2/config-keys.ts';
import { ClusterSchema } from './keys/cluster.ts';
import { OWNED_KEYS } from './owned-keys.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of cluster.yml, for completion and checks in editors. It knows single keys, not the rules between them. */
export function makeJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(ClusterSchema, { target: 'draft-7', io: 'input' });
  describeRke2Keys(schema);
  allowEmptyKeys(schema);
  return { ...($schema !== undefined && { $schema }), title: 'cluster.yml of rke2ctl', ...schema };
}

/** The file's text as it is kept in the repository. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(makeJsonSchema(), null, 1)}\n`;
}

/** A key with nothing behind it counts as not written, so null is fine wherever a key may be left out. */
function allowEmptyKeys(schema: JsonSchema): void {
  const required = new Set(schema.required ?? []);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === 'boolean') continue;
    allowEmptyKeys(property);
    if (!required.has(key)) allowNull(property);
  }
  for (const option of schema.anyOf ?? []) if (typeof option === 'object') allowEmptyKeys(option);
  if (typeof schema.items === 'object' && !Array.isArray(schema.items))
    allowEmptyKeys(schema.items as JsonSchema);
}

function allowNull(property: JsonSchema): void {
  if (property.anyOf) {
    property.anyOf.push({ type: 'null' });
  } else if (property.type !== undefined) {
    property.type = [property.type, 'null'] as unknown as 'null';
    if (property.enum) property.enum = [...property.enum, null];
  }
}

function describeRke2Keys(schema: JsonSchema): void {
  const rke2 = propertyOf(schema, 'rke2');
  for (const side of ['server', 'agent'] as const) {
    const values = propertyOf(rke2, side);
    const usable = CONFIG_KEYS.filter(
      (key) => !OWNED_KEYS.has(key.name) && (side === 'server' || key.side === 'both'),
    );
    delete values.propertyNames;
    values.properties = Object.fromEntries(usable.map((key) => [key.name, describeKey(key)]));
    values.additionalProperties = false;
  }
}

function propertyOf(schema: JsonSchema, key: string): JsonSchema {
  const property = schema.properties?.[key];
  if (typeof property !== 'object') throw new Error(`The schema of cluster.yml has no ${key}`);
  return property;
}

const SCALAR = ['string', 'number', 'boolean'] as unknown as 'string';

function describeKey({ type, values }: ConfigKey): JsonSchema {
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
