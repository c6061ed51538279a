import { joinHostPort } from './http.ts';
import type { KubeClient } from './kube-client.ts';

const API_PORT = 6443;

/** The API servers' `ip:6443` as the Service `kubernetes` knows them: what nodes follow once they can reach one. */
export async function readEndpoints(kube: KubeClient): Promise<readonly string[]> {
  const endpoints = await kube.get<Endpoints>('/api/v1/namespaces/default/endpoints/kubernetes');
  return (endpoints.subsets ?? []).flatMap((subset) =>
    (subset.addresses ?? []).map((address) => joinHostPort(address.ip, API_PORT)),
  );
}

interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly { readonly ip: string }[] }[];
}
