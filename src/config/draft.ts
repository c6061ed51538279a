import * as z from 'zod';
import type { ClusterInput } from './keys/cluster.ts';

/** The same shape in which any part may be missing, because it was not written or could not be understood. */
type Draft<T> = T extends readonly (infer Item)[]
  ? readonly (Draft<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
    : T;

/** cluster.yml as far as it can be understood: what the rules between keys look at. */
export type ClusterDraft = Draft<ClusterInput>;

/** Every part of `value` that its schema accepts; the others become undefined, list indexes stay what they are. */
export function salvage(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    const option = pickOption(inner, value);
    if (option) return salvage(option, value);
  }
  if (inner instanceof z.ZodArray) {
    return Array.isArray(value) ? value.map((item) => salvage(inner.element, item)) : undefined;
  }
  if (inner instanceof z.ZodObject) {
    if (!isMap(value)) return undefined;
    const known = Object.entries(value).filter(([key]) => Object.hasOwn(inner.shape, key));
    return Object.fromEntries(known.map(([key, each]) => [key, salvage(inner.shape[key], each)]));
  }
  if (inner instanceof z.ZodRecord) {
    if (!isMap(value)) return undefined;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, salvage(inner.valueType, each)]),
    );
  }
  const result = z.safeParse(inner, value);
  return result.success ? result.data : undefined;
}

/** The schema behind `.optional()`. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}

/** Of a union of a map and a list, the one that the value is; null where the union is one of plain values. */
export function pickOption(union: z.ZodUnion, value: unknown): z.core.$ZodType | null {
  for (const option of union.options) {
    const inner = unwrap(option);
    if (inner instanceof z.ZodObject && isMap(value)) return inner;
    if (inner instanceof z.ZodArray && Array.isArray(value) && unwrap(inner.element) instanceof z.ZodObject)
      return inner;
  }
  return null;
}

/** The schema of what stands at `path` in `value`; null where there is none. */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
  value: unknown,
): z.core.$ZodType | null {
  let inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) inner = pickOption(inner, value) ?? inner;
  const [step, ...rest] = path;
  if (step === undefined) return inner;
  const below = isMap(value) || Array.isArray(value) ? Reflect.get(value, step) : undefined;
  if (inner instanceof z.ZodArray) return schemaAt(inner.element, rest, below);
  if (inner instanceof z.ZodObject) {
    const next = Object.hasOwn(inner.shape, step) ? inner.shape[String(step)] : undefined;
    return next ? schemaAt(next, rest, below) : null;
  }
  return inner instanceof z.ZodRecord ? schemaAt(inner.valueType, rest, below) : null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
