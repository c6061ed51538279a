import { type Document, parseAllDocuments } from 'yaml';
import type { ObjectRef } from '../domain/state.ts';

export interface ManifestObjects {
  /** In the order of the text; the items of lists stand for themselves. */
  readonly objects: readonly ObjectRef[];
  /** Where the document of each of them begins. */
  readonly places: readonly ManifestPlace[];
  readonly mistakes: readonly ManifestMistake[];
}

/** Line and column in the text, both from 1. */
export interface ManifestPlace {
  readonly line: number;
  readonly column: number;
}

/** What keeps Kubernetes from taking a text. */
export interface ManifestMistake extends ManifestPlace {
  /** The rest of a sentence: `it has no metadata.name`. */
  readonly message: string;
}

/** The objects that a manifest (YAML, several documents) brings into a cluster, and what is wrong with it. */
export function listManifestObjects(text: string): ManifestObjects {
  const objects: ObjectRef[] = [];
  const places: ManifestPlace[] = [];
  const mistakes: ManifestMistake[] = [];
  for (const document of parseAllDocuments(text, { merge: true, logLevel: 'silent', prettyErrors: false })) {
    const [error] = document.errors;
    if (error !== undefined) {
      mistakes.push({ ...placeAt(text, error.pos[0]), message: explainYaml(error.message) });
      continue;
    }
    const place = placeAt(text, document.contents?.range?.[0] ?? 0);
    for (const item of itemsOf(toData(document))) {
      const object = readObject(item);
      if (typeof object === 'string') mistakes.push({ ...place, message: object });
      else {
        objects.push(object);
        places.push(place);
      }
    }
  }
  return { objects, places, mistakes };
}

/** Without what the parser quotes behind a colon: it may be part of a Secret. */
function explainYaml(message: string): string {
  const [reason = ''] = message.split(/: |\n/);
  return `it is not YAML (${reason}); often this line or the one before it is indented wrongly`;
}

/** What stands in the document; an alias that cannot be followed makes it one that is no object. */
function toData(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return 'an alias without an anchor';
  }
}

/** Two manifests that bring the same object would take it from each other for ever. */
export function objectKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  // The version of a kind's group may differ from manifest to manifest and mean the same object.
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const isWide = CLUSTER_WIDE.has(kind) && (group === '' || group.endsWith('.k8s.io'));
  return [group, kind, isWide ? '' : (namespace ?? 'default'), name].join('/');
}

/** Kinds of Kubernetes' own that stand in no namespace: one that is written beside them means nothing. */
const CLUSTER_WIDE = new Set([
  'APIService',
  'CSIDriver',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);

/**
 * In which turn an object is deleted: those of others' kinds (0) while their controllers still live to let go of them,
 * Kubernetes' own (1), kinds (2) only after their objects, namespaces (3) last.
 */
export function deletionRank({ apiVersion, kind }: ObjectRef): 0 | 1 | 2 | 3 {
  if (kind === 'Namespace') return 3;
  if (kind === 'CustomResourceDefinition') return 2;
  const [group = ''] = apiVersion.split('/');
  return group.includes('.') && !group.endsWith('.k8s.io') ? 0 : 1;
}

/** Nothing for empty documents; the items of a `List`. */
function itemsOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!isMap(value)) return [value];
  const { kind, items } = value;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
    ? items.flatMap(itemsOf)
    : [value];
}

function readObject(value: unknown): ObjectRef | string {
  if (!isMap(value)) return 'it is no object of Kubernetes (a map with apiVersion, kind and metadata)';
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '') return 'it has no apiVersion';
  if (typeof kind !== 'string' || kind === '') return 'it has no kind';
  const { name, namespace } = isMap(metadata) ? metadata : {};
  if (typeof name !== 'string' || name === '') return `the ${kind} has no metadata.name`;
  return {
    apiVersion,
    kind,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : null,
    name,
  };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placeAt(text: string, offset: number): ManifestPlace {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
