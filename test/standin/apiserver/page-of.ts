import type { KubeObject } from './kube-object.ts';

/** What a list says of itself. */
export interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A list's part, and what its metadata says of the rest. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: Omit<ListMetadata, 'resourceVersion'>;
}

/** As many as `limit` says, from where the `continue` of the page before points to; all of them without a limit. */
export function pageOf(items: readonly KubeObject[], query: URLSearchParams): Page {
  const limit = Number(query.get('limit') ?? '0');
  const start = Number(Buffer.from(query.get('continue') ?? '', 'base64url').toString() || '0');
  const end = limit > 0 ? start + limit : items.length;
  const remaining = items.length - end;
  if (remaining <= 0) return { items: items.slice(start), metadata: {} };
  return {
    items: items.slice(start, end),
    metadata: { continue: Buffer.from(String(end)).toString('base64url'), remainingItemCount: remaining },
  };
}
