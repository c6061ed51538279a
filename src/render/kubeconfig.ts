import { parse, stringify } from 'yaml';

/** rke2.yaml as RKE2 writes it: one cluster, user and context, all called `default`. */
interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: Readonly<Record<string, unknown>>;
  }[];
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, unknown>> }[];
}

/**
 * The operator's kubeconfig from a server's rke2.yaml: reached at `server` (`https://host:6443`), with cluster, user and
 * context called after the cluster. Throws when the text is not RKE2's kubeconfig.
 */
export function renderKubeconfig(text: string, clusterName: string, server: string): string {
  const source = parse(text) as Partial<Kubeconfig> | null;
  const cluster = source?.clusters?.[0]?.cluster;
  const user = source?.users?.[0]?.user;
  if (cluster === undefined || user === undefined)
    throw new Error('not a kubeconfig: no cluster or no user in it');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: clusterName, cluster: { ...cluster, server } }],
      users: [{ name: clusterName, user }],
      contexts: [{ name: clusterName, context: { cluster: clusterName, user: clusterName } }],
      'current-context': clusterName,
    },
    { lineWidth: 0 },
  );
}
