import type { ApiContext } from './api-context.ts';
import { addressInNetwork } from './cluster-ip.ts';
import type { KubeObject } from './kube-object.ts';
import { prepareCreate } from './prepare-object.ts';
import { apiVersionOf, builtin, type ResourceType } from './resource-catalog.ts';
import { StatusError } from './status-error.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

async function ensure(
  context: ApiContext,
  resource: ResourceType,
  name: string,
  fields: Record<string, unknown>,
): Promise<void> {
  const metadata = {
    name,
    ...(resource.namespaced ? { namespace: 'default' } : {}),
    ...(fields['metadata'] ?? {}),
  };
  const object: KubeObject = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...fields, metadata };
  try {
    await context.store.create(resource, prepareCreate(resource, object));
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 409)) throw error;
  }
}

/** Makes what every cluster has from the start: the system namespaces and the Service `kubernetes`. Idempotent. */
export async function bootstrapCluster(context: ApiContext): Promise<void> {
  for (const name of NAMESPACES) await ensure(context, builtin('namespaces'), name, {});
  const clusterIP = addressInNetwork(context.serviceCidr, 1);
  await ensure(context, builtin('services/specs'), 'kubernetes', {
    metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      sessionAffinity: 'None',
    },
  });
}
