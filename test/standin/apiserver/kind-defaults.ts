import { isRecord } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resource-catalog.ts';
import { badRequest } from './status-error.ts';

type Spec = Record<string, unknown>;

function specOf(object: KubeObject): Spec {
  return isRecord(object['spec']) ? object['spec'] : {};
}

function defaultSecret(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  const data: Record<string, unknown> = isRecord(object['data']) ? { ...object['data'] } : {};
  if (isRecord(stringData)) {
    for (const [key, value] of Object.entries(stringData)) {
      data[key] = Buffer.from(String(value), 'utf8').toString('base64');
    }
  }
  for (const [key, value] of Object.entries(data)) {
    const isBase64 = typeof value === 'string' && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value);
    if (!isBase64)
      throw badRequest(
        `Secret in version "v1" cannot be handled as a Secret: data.${key}: illegal base64 data`,
      );
  }
  const secret = { ...rest, type: object['type'] ?? 'Opaque' } as KubeObject;
  if (Object.keys(data).length > 0) secret['data'] = data;
  return secret;
}

function defaultNamespace(object: KubeObject): KubeObject {
  const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  const finalizers = specOf(object)['finalizers'] ?? (isGoing ? [] : ['kubernetes']);
  return {
    ...object,
    metadata: { ...object.metadata, labels },
    spec: { ...specOf(object), finalizers },
    status: { phase: isGoing ? 'Terminating' : 'Active' },
  };
}

function defaultPodSpec(spec: Spec): Spec {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    schedulerName: 'default-scheduler',
    ...spec,
  };
}

function defaultPod(object: KubeObject): KubeObject {
  return {
    ...object,
    spec: defaultPodSpec(specOf(object)),
    status: object['status'] ?? { phase: 'Pending', qosClass: 'BestEffort' },
  };
}

function withTemplateLabels(spec: Spec): Spec {
  if (spec['selector'] !== undefined || !isRecord(spec['template'])) return spec;
  const metadata = spec['template']['metadata'];
  const labels = isRecord(metadata) ? metadata['labels'] : undefined;
  return labels === undefined ? spec : { ...spec, selector: { matchLabels: labels } };
}

const SPEC_DEFAULTS: Readonly<Record<string, Spec>> = {
  Deployment: { replicas: 1, revisionHistoryLimit: 10, strategy: { type: 'RollingUpdate' } },
  ReplicaSet: { replicas: 1 },
  StatefulSet: { replicas: 1 },
  DaemonSet: { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate' } },
  Job: { completions: 1, parallelism: 1, backoffLimit: 6 },
  Service: { type: 'ClusterIP', sessionAffinity: 'None' },
};

/** Fills in what Kubernetes defaults for a kind. Total: a kind without defaults comes back as it is. */
export function applyKindDefaults(resource: ResourceType, object: KubeObject): KubeObject {
  if (resource.kind === 'Secret') return defaultSecret(object);
  if (resource.kind === 'Namespace') return defaultNamespace(object);
  if (resource.kind === 'Pod') return defaultPod(object);
  if (resource.kind === 'Node') return { ...object, spec: specOf(object), status: object['status'] ?? {} };
  const defaults = SPEC_DEFAULTS[resource.kind];
  if (defaults === undefined) return object;
  const spec = { ...defaults, ...specOf(object) };
  const isSelecting = resource.kind === 'Deployment' || resource.kind === 'DaemonSet';
  return { ...object, spec: isSelecting ? withTemplateLabels(spec) : spec };
}
