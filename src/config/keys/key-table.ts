import * as z from 'zod';
import { ClusterSchema } from './cluster.ts';
import { entryOf, type KeyEntry } from './key.ts';

/** One row of the table of keys: every key that cluster.yml can have, RKE1's lost ones included, has exactly one. */
export interface KeyRow {
  /** Keys from the top; `[]` after one that holds a list, `*` for names that the file chooses: `nodes[].labels`. */
  readonly path: string;
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly entry: KeyEntry;
  /** The schema of its value, behind `.optional()`. */
  readonly schema: z.core.$ZodType;
}

let rows: readonly KeyRow[] | null = null;

/** All rows in the order of the schema, parents before their children. Made once, when first asked for. */
export function keyTable(): readonly KeyRow[] {
  rows ??= [...listRows(ClusterSchema, '')];
  return rows;
}

function* listRows(schema: z.core.$ZodType, path: string): Generator<KeyRow> {
  if (schema instanceof z.ZodOptional) yield* listRows(schema.unwrap(), path);
  else if (schema instanceof z.ZodArray) yield* listRows(schema.element, `${path}[]`);
  else if (schema instanceof z.ZodRecord) yield* listRows(schema.valueType, `${path}.*`);
  else if (schema instanceof z.ZodUnion) yield* listUnion(schema, path);
  else if (schema instanceof z.ZodObject) {
    for (const [key, child] of Object.entries(schema.shape))
      yield* listKey(child, path === '' ? key : `${path}.${key}`);
  }
}

/** Of a map or a list of such maps, the map: both have the same keys. */
function* listUnion(union: z.ZodUnion, path: string): Generator<KeyRow> {
  const option =
    union.options.find((each) => each instanceof z.ZodObject) ??
    union.options.find((each) => each instanceof z.ZodArray || each instanceof z.ZodRecord);
  if (option) yield* listRows(option, path);
}

function* listKey(schema: z.core.$ZodType, path: string): Generator<KeyRow> {
  const entry = entryOf(schema);
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (entry !== null) {
    const meta = z.globalRegistry.get(inner);
    yield {
      path,
      description: String(meta?.description ?? ''),
      examples: Array.isArray(meta?.['examples']) ? meta['examples'] : [],
      entry,
      schema: inner,
    };
  }
  yield* listRows(inner, path);
}
