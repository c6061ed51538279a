import * as z from 'zod';
import { listNames } from './finding.ts';

const ANY_MAP = 'map of names of your choice';

/** What a value must be, in words that fit behind the name of its key: `whole number`, `list of text`, `map`. */
export function describeType(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodOptional) return describeType(schema.unwrap());
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'whole number' : 'number';
  if (schema instanceof z.ZodBoolean) return '`true` or `false`';
  if (schema instanceof z.ZodEnum) return listNames(schema.options.map(String));
  if (schema instanceof z.ZodLiteral) return listNames([...schema.values].map(String));
  if (schema instanceof z.ZodUnion) return describeUnion(schema.options);
  if (schema instanceof z.ZodArray) return `list of ${describePlural(schema.element)}`;
  if (schema instanceof z.ZodTuple) return `list of ${schema.def.items.map(describeItem).join(' and ')}`;
  if (schema instanceof z.ZodRecord) return describeRecord(schema.valueType);
  // Checks of our own are those of maps that another program reads.
  if (schema instanceof z.ZodObject || schema instanceof z.ZodCustom) return 'map';
  if (schema instanceof z.ZodPipe) return describeType(schema.in);
  return 'anything';
}

/** Several enums of one union are told as one; what two options have in common, once. */
function describeUnion(options: readonly z.core.$ZodType[]): string {
  const names = options.flatMap((each) => (each instanceof z.ZodEnum ? each.options.map(String) : []));
  const others = options.filter((each) => !(each instanceof z.ZodEnum)).map(describeType);
  const isFlag = (word: string) => word === '`true` or `false`';
  const words = [...new Set(others.toSorted((a, b) => Number(isFlag(a)) - Number(isFlag(b))))];
  const all = [...(names.length > 0 ? [listNames(names)] : []), ...words];
  const last = all.pop() ?? 'anything';
  const comma = all.some((word) => word.includes(' or ')) ? ',' : '';
  return all.length === 0 ? last : `${all.join(', ')}${comma} or ${last}`;
}

function describeItem(schema: z.core.$ZodType): string {
  return schema instanceof z.ZodLiteral ? describeType(schema) : 'one more';
}

function describePlural(schema: z.core.$ZodType): string {
  const words = describeType(schema);
  if (words === 'map' || words === ANY_MAP) return 'maps';
  return words === 'whole number' ? 'whole numbers' : words;
}

function describeRecord(schema: z.core.$ZodType): string {
  const words = describePlural(schema);
  return words === 'anything' || words === 'maps'
    ? 'map of names of your choice'
    : `map of names to ${words}`;
}
