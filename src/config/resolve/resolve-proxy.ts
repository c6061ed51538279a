import type { ClusterNetwork, ClusterNode, Endpoint } from '../../domain/cluster.ts';
import type { Secret } from '../../domain/secret.ts';
import { contains, coverAddresses, familyOf, parseCidr } from '../ip.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { isSecretSource, readSecret, type SecretContext } from '../secret-value.ts';

/** What of the cluster a proxy must not stand between. */
export interface ProxiedCluster {
  readonly nodes: readonly ClusterNode[];
  readonly network: ClusterNetwork;
  readonly endpoint: Endpoint | null;
}

/** The services' environment: the proxies, and all that is reached without them. */
export function resolveProxy(
  input: ClusterInput,
  cluster: ProxiedCluster,
  context: SecretContext,
): Readonly<Record<string, string | Secret>> {
  const { http, https, no_proxy: others = [] } = input.proxy ?? {};
  if (http === undefined && https === undefined) return {};
  return {
    ...(http !== undefined && { HTTP_PROXY: readProxy(http, context) }),
    ...(https !== undefined && { HTTPS_PROXY: readProxy(https, context) }),
    NO_PROXY: listDirect(cluster, others).join(','),
  };
}

/** Only a URL without a login may be seen. */
function readProxy(written: string, context: SecretContext): string | Secret {
  return isSecretSource(written) || written.includes('@') ? readSecret(written, context) : written;
}

function listDirect(
  { endpoint, network, nodes }: ProxiedCluster,
  others: readonly string[],
): readonly string[] {
  const places = nodes.flatMap(({ address, internalAddress, name, otherInternalAddress }) => [
    address,
    internalAddress ?? address,
    otherInternalAddress ?? address,
    name ?? address,
  ]);
  const isIp = (place: string) => familyOf(place) !== null;
  // What the file's own networks and domains hold needs no naming, so that a new node there changes nothing elsewhere.
  const wide = others.flatMap((each) => parseCidr(each) ?? []);
  const domains = others.filter((each) => !isIp(each)).map((each) => each.replace(/^\*?\.?/, '.'));
  const isHeld = (place: string) =>
    isIp(place)
      ? wide.some((cidr) => contains(cidr, place))
      : domains.some((domain) => `.${place}`.endsWith(domain));
  const named = places.filter((place) => !isHeld(place));
  return [
    ...new Set([
      'localhost',
      '127.0.0.0/8',
      '::1',
      ...network.clusterCidr,
      ...network.serviceCidr,
      '.svc',
      `.${network.clusterDomain}`,
      ...(endpoint === null ? [] : [endpoint.host]),
      // As networks where addresses follow each other: one variable has to hold a thousand nodes, too.
      ...coverAddresses(named.filter(isIp)),
      ...named.filter((place) => !isIp(place)),
      ...others,
    ]),
  ];
}
