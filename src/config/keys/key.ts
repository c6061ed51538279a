import * as z from 'zod';

/** Where the value of a key ends up. */
export type Target =
  /** A key of RKE2's config.yaml. */
  | { readonly kind: 'config'; readonly key: string }
  /** A file on the nodes; `*` in the path stands for a name from the file. */
  | { readonly kind: 'file'; readonly path: string }
  /** A value of a chart, through its HelmChartConfig. */
  | { readonly kind: 'chart'; readonly chart: string; readonly value: string }
  /** What rke2ctl itself does with it, as the rest of a sentence: `how SSH reaches the node`. */
  | { readonly kind: 'ours'; readonly words: string };

/** `origin`: whether RKE1's cluster.yml had the key, too. */
interface About {
  readonly description: string;
  readonly examples: readonly unknown[];
  /** What holds without the key, in words or as a value in backticks; absent when nothing does. */
  readonly default?: string;
  /** A password, token or private key: it may be `env:NAME`, `file:PATH` or `command:LINE`, and is never shown. */
  readonly secret?: true;
  /** Text of another language (PEM, manifests, policies, scripts), in which `${VAR}` stays what it is. */
  readonly verbatim?: true;
}

type MappedAbout = About & { readonly becomes: readonly Target[] };

/** What becomes of a key: its one entry in the table of keys. */
export type KeyEntry = { readonly origin: 'rke1' | 'rke2ctl' } & (
  | ({ readonly fate: 'mapped'; readonly becomes: readonly Target[] } & Pick<
      About,
      'default' | 'secret' | 'verbatim'
    >)
  /** A map or list of further keys. */
  | { readonly fate: 'group' }
  | LostKey
);

/** A key of RKE1 that RKE2 has no use for: `warned` when leaving it away changes nothing, `refused` when that would surprise. */
export interface LostKey extends LostAbout {
  readonly origin: 'rke1';
  readonly fate: 'warned' | 'refused';
}

export interface LostAbout {
  /** What the key did in RKE1, as a whole sentence. */
  readonly description: string;
  /** Why it has no place in RKE2, as a whole sentence. */
  readonly why: string;
  /** What to do instead, as a whole sentence. */
  readonly instead: string;
  /** Values that ask for nothing beyond what happens anyway; empty ones never ask for anything. */
  readonly harmless?: readonly unknown[];
}

const ENTRIES = z.registry<KeyEntry>();

/** The entry of the key whose schema this is; null for values inside lists and for plain schemas. */
export function entryOf(schema: z.core.$ZodType): KeyEntry | null {
  return ENTRIES.get(schema) ?? null;
}

/** A key that RKE1 had and that rke2ctl honours. */
export function mapped<S extends z.ZodType>(schema: S, about: MappedAbout): z.ZodOptional<S> {
  const { description, examples, ...entry } = about;
  return enter(schema, { description, examples }, { origin: 'rke1', fate: 'mapped', ...entry });
}

/** A key that RKE1 did not have. */
export function own<S extends z.ZodType>(schema: S, about: MappedAbout): z.ZodOptional<S> {
  const { description, examples, ...entry } = about;
  return enter(schema, { description, examples }, { origin: 'rke2ctl', fate: 'mapped', ...entry });
}

/** A key that holds further keys: a map of them, or a list of such maps. */
export function group<S extends z.ZodType>(
  schema: S,
  { origin = 'rke1', ...meta }: About & { readonly origin?: 'rke1' | 'rke2ctl' },
): z.ZodOptional<S> {
  return enter(schema, meta, { origin, fate: 'group' });
}

/** The same key, for maps that are nothing without it. */
export function required<S extends z.ZodType>(key: z.ZodOptional<S>): S {
  const schema = key.unwrap();
  const entry = ENTRIES.get(key);
  if (entry) ENTRIES.add(schema, entry);
  return schema;
}

/** Keys below a key that is lost as a whole: each has its row; the finding is the upper one's. */
export type LostKeys = z.ZodRawShape | z.ZodRecord;

/** A key of RKE1 without meaning: the file stays valid and says so. */
export function warned(about: LostAbout, below?: LostKeys): z.ZodOptional<z.ZodType> {
  return enter(
    lostSchema(below),
    { description: about.description, examples: [] },
    { origin: 'rke1', fate: 'warned', ...about },
  );
}

/** A key of RKE1 that cannot be honoured: the file is not taken until it is gone. */
export function refused(about: LostAbout, below?: LostKeys): z.ZodOptional<z.ZodType> {
  return enter(
    lostSchema(below),
    { description: about.description, examples: [] },
    { origin: 'rke1', fate: 'refused', ...about },
  );
}

/** Takes anything: what a lost key holds is never at fault beside the key itself. */
function lostSchema(below: LostKeys | undefined): z.ZodType {
  if (below === undefined) return z.unknown();
  return z.union([below instanceof z.ZodRecord ? below : z.looseObject(below), z.unknown()]);
}

export function config(key: string): Target {
  return { kind: 'config', key };
}

export function file(path: string): Target {
  return { kind: 'file', path };
}

export function chart(name: string, value: string): Target {
  return { kind: 'chart', chart: name, value };
}

export function ours(words: string): Target {
  return { kind: 'ours', words };
}

function enter<S extends z.ZodType>(
  schema: S,
  { description, examples }: Pick<About, 'description' | 'examples'>,
  entry: KeyEntry,
): z.ZodOptional<S> {
  const described = schema.meta({
    description,
    ...(examples.length > 0 && { examples: [...examples] }),
  }) as S;
  const optional = z.optional(described);
  ENTRIES.add(optional, entry);
  return optional;
}
