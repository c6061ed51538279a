/** Where the value of a mapped key must turn up on the nodes of a cluster that sets it. */
export type Place =
  /** A key of RKE2's config.yaml (or of a drop-in) on servers, agents or both; lists must hold the value. */
  | {
      readonly kind: 'config';
      readonly key: string;
      readonly value: unknown;
      readonly on: 'server' | 'agent' | 'both';
    }
  /** A file on the node whose path fits and whose text holds `text`. */
  | { readonly kind: 'file'; readonly path: RegExp; readonly text: string; readonly on: 'server' | 'agent' }
  /** A leaf among the values of a chart; `at` is the path of the value when it is known for sure. */
  | { readonly kind: 'chart'; readonly chart: string; readonly value: unknown; readonly at?: string }
  /** What rke2ctl itself goes by: a place in the cluster as it was read. */
  | { readonly kind: 'cluster'; readonly at: string; readonly value: unknown };

/** What must have become of one key of RKE1's cluster.yml. */
export type ExpectedKey = {
  /** As the table of keys writes paths: `nodes[].labels`, `*` for a name of the file's own. */
  readonly path: string;
} & (
  | {
      readonly fate: 'mapped';
      readonly sample: unknown;
      /** Other keys that must be there for this one to count, by path. */
      readonly beside?: Readonly<Record<string, unknown>>;
      readonly places: readonly Place[];
    }
  /** A map or list of further keys. */
  | { readonly fate: 'group' }
  /** `lost`: warned or refused, whichever; `sample` is a value that asks for something. */
  | {
      readonly fate: 'warned' | 'refused' | 'lost';
      readonly sample: unknown;
      readonly beside?: Readonly<Record<string, unknown>>;
    }
);

export function config(
  key: string,
  value: unknown,
  on: 'server' | 'agent' | 'both' = 'server',
): Extract<Place, { kind: 'config' }> {
  return { kind: 'config', key, value, on };
}

export function file(path: RegExp, text: string, on: 'server' | 'agent' = 'server'): Place {
  return { kind: 'file', path, text, on };
}

export function chart(name: string, value: unknown, at?: string): Place {
  return { kind: 'chart', chart: name, value, ...(at !== undefined && { at }) };
}

export function cluster(at: string, value: unknown): Place {
  return { kind: 'cluster', at, value };
}

export function mapped(
  path: string,
  sample: unknown,
  places: Place | readonly Place[],
  beside?: Readonly<Record<string, unknown>>,
): ExpectedKey {
  return {
    path,
    fate: 'mapped',
    sample,
    places: Array.isArray(places) ? places : [places as Place],
    ...(beside !== undefined && { beside }),
  };
}

export function group(path: string): ExpectedKey {
  return { path, fate: 'group' };
}

export function warned(
  path: string,
  sample: unknown = 'x',
  beside?: Readonly<Record<string, unknown>>,
): ExpectedKey {
  return { path, fate: 'warned', sample, ...(beside !== undefined && { beside }) };
}

export function refused(
  path: string,
  sample: unknown = 'x',
  beside?: Readonly<Record<string, unknown>>,
): ExpectedKey {
  return { path, fate: 'refused', sample, ...(beside !== undefined && { beside }) };
}

export function lost(
  path: string,
  sample: unknown = 'x',
  beside?: Readonly<Record<string, unknown>>,
): ExpectedKey {
  return { path, fate: 'lost', sample, ...(beside !== undefined && { beside }) };
}
