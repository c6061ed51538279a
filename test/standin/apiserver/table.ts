import type { KubeObject } from './kube-object.ts';
import type { ListMetadata } from './page-of.ts';
import type { ResourceType } from './resource-catalog.ts';
import { type Column, columnsOf } from './table-columns.ts';

/** Which parts of each object go into a row (`includeObject` of the query). */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** True when a request's Accept header asks for a Table before anything else. */
export function wantsTable(accept: string | undefined): boolean {
  const first = accept?.split(',')[0] ?? '';
  return /(^|;)as=Table(;|$)/.test(first);
}

function columnDefinition(column: Column): Record<string, unknown> {
  return {
    name: column.name,
    type: column.type ?? 'string',
    format: column.name === 'Name' ? 'name' : '',
    description: column.name,
    priority: column.isWide === true ? 1 : 0,
  };
}

function objectOf(object: KubeObject, include: IncludeObject): Record<string, unknown> {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return {
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  };
}

/** A `meta.k8s.io/v1` Table of the objects, with the columns that people know from kubectl. */
export function makeTable(
  resource: ResourceType,
  objects: readonly KubeObject[],
  metadata: ListMetadata,
  include: IncludeObject,
  now = new Date(),
): Record<string, unknown> {
  const columns = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(columnDefinition),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...objectOf(object, include),
    })),
  };
}
