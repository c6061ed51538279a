import type { Cluster, IngressController, JsonMap, JsonValue } from '../domain/cluster.ts';

/** A port of the hosts that an ingress controller listens on. */
export interface IngressPort {
  readonly port: number;
  readonly purpose: 'HTTP' | 'HTTPS';
}

/** Where every packaged ingress controller listens unless its chart's values say otherwise. */
export const DEFAULT_INGRESS_PORTS: readonly IngressPort[] = [
  { port: 80, purpose: 'HTTP' },
  { port: 443, purpose: 'HTTPS' },
];

type Charts = Cluster['chartValues'];

/** The ports of the hosts that the cluster's ingress controllers take; null stands for whichever the release chooses. */
export function ingressPorts({
  chartValues,
  ingress,
  rke2,
}: Pick<Cluster, 'ingress' | 'chartValues' | 'rke2'>): readonly IngressPort[] {
  const disabled = [rke2.server['disable'] ?? []].flat();
  const isDisabled = disabled.includes('rke2-ingress-nginx') || disabled.includes('rke2-traefik');
  if (ingress === null && isDisabled) return [];
  const controllers = ingress ?? (['traefik', 'ingress-nginx'] as const);
  const ports = controllers.flatMap((name) => portsOfController(name, chartValues));
  return ports.filter((each, index) => ports.findIndex(({ port }) => port === each.port) === index);
}

function portsOfController(name: IngressController, charts: Charts): readonly IngressPort[] {
  if (name === 'none') return [];
  return name === 'traefik' ? traefikPorts(charts['rke2-traefik']) : nginxPorts(charts['rke2-ingress-nginx']);
}

function nginxPorts(values: JsonMap | undefined): readonly IngressPort[] {
  const hostPort = valueAt(values, 'controller.hostPort.enabled') !== false;
  const hostNetwork = valueAt(values, 'controller.hostNetwork') === true;
  if (!hostPort && !hostNetwork) return [];
  const where = hostPort ? 'controller.hostPort.ports' : 'controller.containerPort';
  return listPorts(valueAt(values, `${where}.http`), valueAt(values, `${where}.https`));
}

function traefikPorts(values: JsonMap | undefined): readonly IngressPort[] {
  return listPorts(valueAt(values, 'ports.web.hostPort'), valueAt(values, 'ports.websecure.hostPort'));
}

/** Null takes a port of the chart away. */
function listPorts(http: JsonValue | undefined, https: JsonValue | undefined): readonly IngressPort[] {
  return [http, https].flatMap((value, index) => {
    const usual = DEFAULT_INGRESS_PORTS[index];
    if (value === null || usual === undefined) return [];
    return [{ ...usual, port: typeof value === 'number' ? value : usual.port }];
  });
}

/** How Flannel, alone or as part of Canal, sends packets between the nodes; null is the chart's own choice. */
export interface Overlay {
  readonly backend: string | null;
  readonly port: number | null;
}

/** What the values of Canal's and Flannel's charts say of it. */
export function overlayOf({ chartValues, network }: Pick<Cluster, 'chartValues' | 'network'>): Overlay {
  const chart = network.cni.includes('canal') ? 'rke2-canal' : 'rke2-flannel';
  const backend = valueAt(chartValues[chart], 'flannel.backend');
  const port = valueAt(chartValues[chart], 'flannel.backendPort');
  return {
    backend: typeof backend === 'string' ? backend : null,
    port: typeof port === 'number' && port > 0 ? port : null,
  };
}

/** What stands at `a.b.c` in the values; undefined when nothing does. */
function valueAt(values: JsonMap | undefined, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((value, step) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return (value as JsonMap)[step];
  }, values);
}
